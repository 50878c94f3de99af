/** What to do with a run event, which is only a hint. */
export type Admission = 'ignore' | 'show' | 'reread';

/**
 * Say what an event is worth, given the sequence number of the newest one that is known.
 *
 * Old ones are ignored, the next one is shown, and anything after a gap means: read the run again.
 */
export function admit(seq: number, last: number): Admission {
  if (seq <= last) {
    return 'ignore';
  }
  return seq === last + 1 ? 'show' : 'reread';
}
