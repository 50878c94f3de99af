import type { RunAnswer, RunEvent, SuiteProgress } from '../view';

type Step = (suite: SuiteProgress, event: RunEvent) => SuiteProgress;

// as the server folds them (server/views.py); the run's own end is never taken from an event, it is read over REST
const STEPS: Partial<Record<RunEvent['kind'], Step>> = {
  suite_started: (suite, event) => ({ ...suite, cases_total: event.total ?? null }),
  case_started: (suite, event) => ({
    ...suite,
    case_title: event.title ?? null,
    done: null,
    total: null
  }),
  progress: (suite, event) => ({ ...suite, done: event.done ?? null, total: event.total ?? null }),
  case_finished: suite => ({
    ...suite,
    cases_finished: suite.cases_finished + 1,
    done: null,
    total: null
  }),
  suite_finished: (suite, event) => ({
    ...suite,
    outcome: (event.outcome ?? suite.outcome) as SuiteProgress['outcome'],
    case_title: null
  })
};

/** Return the run with one more event told; what the event does not know stays as it was. */
export function advance(answer: RunAnswer, event: RunEvent): RunAnswer {
  const run = { ...answer.run, seq: event.seq };
  if (event.kind === 'stage') {
    return { ...answer, run, stage: event.message ?? answer.stage };
  }
  const step = STEPS[event.kind];
  if (!step || !event.suite) {
    return { ...answer, run };
  }
  return { ...answer, run, suites: changeSuite(answer.suites, event, step) };
}

function changeSuite(
  suites: readonly SuiteProgress[],
  event: RunEvent,
  step: Step
): readonly SuiteProgress[] {
  const name = event.suite ?? '';
  const known = suites.some(suite => suite.name === name);
  const all = known ? suites : [...suites, unheard(name)];
  return all.map(suite => (suite.name === name ? step(suite, event) : suite));
}

function unheard(name: string): SuiteProgress {
  return {
    name,
    outcome: null,
    cases_finished: 0,
    cases_total: null,
    case_title: null,
    done: null,
    total: null
  };
}
