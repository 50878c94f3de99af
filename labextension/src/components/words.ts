import type { TranslationBundle } from '@jupyterlab/translation';
import type { Change, Family, Outcome, Report, RunAnswer, RunState, Verdict } from '../view';
import type { GlyphName } from './glyph';

/** How a state is shown: always a picture and a word; the tone is its colour. */
export interface Mark {
  readonly glyph: GlyphName;
  readonly word: string;
  readonly tone: 'good' | 'bad' | 'warn' | 'info' | 'quiet' | 'busy';
}

export function verdictMark(verdict: Verdict, trans: TranslationBundle): Mark {
  const marks: Record<Verdict, Mark> = {
    pass: { glyph: 'pass', word: trans.__('Pass'), tone: 'good' },
    warn: { glyph: 'warn', word: trans.__('Warn'), tone: 'warn' },
    fail: { glyph: 'fail', word: trans.__('Fail'), tone: 'bad' },
    inconclusive: { glyph: 'inconclusive', word: trans.__('Inconclusive'), tone: 'info' },
    error: { glyph: 'error', word: trans.__('Error'), tone: 'bad' }
  };
  return marks[verdict];
}

/** Whether the gate is open, and whether waivers opened it. */
export function gateWords({ gate, verdict }: Report, trans: TranslationBundle): string {
  if (gate !== 'open') {
    return trans.__('gate closed');
  }
  return verdict === 'pass' || verdict === 'warn'
    ? trans.__('gate open')
    : trans.__('gate open, by waiver');
}

export function outcomeMark(outcome: Outcome, trans: TranslationBundle): Mark {
  const marks: Record<Outcome, Mark> = {
    passed: { glyph: 'pass', word: trans.__('passed'), tone: 'good' },
    skipped: { glyph: 'skipped', word: trans.__('skipped'), tone: 'quiet' },
    not_run: { glyph: 'waiting', word: trans.__('not run'), tone: 'warn' },
    failed: { glyph: 'fail', word: trans.__('failed'), tone: 'bad' },
    errored: { glyph: 'error', word: trans.__('errored'), tone: 'bad' }
  };
  return marks[outcome];
}

/** The arrow points where the number went; whether that is good is said by word and colour. */
export function changeMark(
  change: Change,
  difference: number | null,
  trans: TranslationBundle
): Mark {
  const moved = difference !== null && difference < 0 ? 'down' : 'up';
  const marks: Record<Change, Mark> = {
    improved: { glyph: moved, word: trans.__('improved'), tone: 'good' },
    unchanged: { glyph: 'same', word: trans.__('unchanged'), tone: 'quiet' },
    regressed: { glyph: moved, word: trans.__('regressed'), tone: 'bad' },
    added: { glyph: 'plus', word: trans.__('added'), tone: 'info' },
    removed: { glyph: 'minus', word: trans.__('removed'), tone: 'warn' },
    unknown: { glyph: 'inconclusive', word: trans.__('unknown'), tone: 'quiet' }
  };
  return marks[change];
}

/** A run that is at work or was cut short has no verdict; its state says so. */
export function stateMark(
  state: RunState,
  verdict: Verdict | null,
  trans: TranslationBundle
): Mark {
  if (state === 'finished' && verdict) {
    return verdictMark(verdict, trans);
  }
  const marks: Record<RunState, Mark> = {
    queued: { glyph: 'waiting', word: trans.__('Queued'), tone: 'busy' },
    running: { glyph: 'working', word: trans.__('Running'), tone: 'busy' },
    finished: { glyph: 'inconclusive', word: trans.__('Finished'), tone: 'quiet' },
    cancelled: { glyph: 'skipped', word: trans.__('Cancelled'), tone: 'quiet' },
    lost: { glyph: 'error', word: trans.__('Lost'), tone: 'bad' }
  };
  return marks[state];
}

/** A run that was imported never ran, so its verdict says nothing of the model. */
export function importedMark(trans: TranslationBundle): Mark {
  return { glyph: 'skipped', word: trans.__('Imported'), tone: 'quiet' };
}

export function familyTitle(family: Family, trans: TranslationBundle): string {
  const titles: Record<Family, string> = {
    model: trans.__('Model'),
    application: trans.__('Application'),
    platform: trans.__('Platform')
  };
  return titles[family];
}

/** What a suite is, where it is no notebook; a kind that another package brings is shown by its name. */
export function kindWords(kind: string, trans: TranslationBundle): string {
  const kinds: Record<string, string> = {
    notebook: trans.__('notebook'),
    behave: trans.__('behave features'),
    results: trans.__('results of another tool')
  };
  return kinds[kind] ?? kind;
}

/** How a suite's kernel was supplied. */
export function kernelWords(kernel: string, trans: TranslationBundle): string {
  return kernel === 'forked'
    ? trans.__('kernel forked from one that stood by')
    : trans.__('kernel started');
}

/** What a run at work is doing. */
export function progressTitle(
  { run, stage }: RunAnswer,
  cancelling: boolean,
  trans: TranslationBundle
): string {
  if (cancelling) {
    return trans.__('Cancelling');
  }
  if (run.state === 'queued') {
    return trans.__('Waiting for its turn');
  }
  return stage === 'execute' && run.parallel !== null && run.parallel > 1
    ? trans.__('Running the suites, %1 at once', run.parallel)
    : stageWords(stage, trans);
}

/** What the pipeline is doing, for people. A stage that is not known here is shown by its name. */
function stageWords(stage: string | null, trans: TranslationBundle): string {
  const stages: Record<string, string> = {
    ask: trans.__('Asking the target'),
    execute: trans.__('Running the suites'),
    observe: trans.__('Reading platform metrics'),
    compare: trans.__('Comparing with the baseline'),
    judge: trans.__('Judging'),
    report: trans.__('Writing the feedback')
  };
  return stage ? (stages[stage] ?? stage) : trans.__('Starting');
}
