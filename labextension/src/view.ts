/** The plain values that models hold and components show: aliases of the wire, and what only the panel knows. */

import type { components } from './wire';

type Schemas = components['schemas'];

export type Project = Schemas['ProjectBody'];
export type Problem = Schemas['Problem'];
export type Target = Schemas['TargetBody'];
export type Secret = Schemas['SecretBody'];
export type Suite = Schemas['SuiteBody'];
export type Rule = Schemas['RuleBody'];
export type Health = Schemas['HealthAnswer'];
export type Run = Schemas['RunBody'];
export type RunAnswer = Schemas['RunAnswer'];
export type RunsAnswer = Schemas['RunsAnswer'];
export type RunEvent = Schemas['RunEvent'];
export type RunState = Schemas['RunState'];
export type SuiteProgress = Schemas['SuiteProgress'];
export type Report = Schemas['FeedbackReport'];
export type Finding = Schemas['FindingText'];
export type FailureRow = Schemas['FailureRow'];
export type MetricRow = Schemas['MetricRow'];
export type Family = Schemas['Family'];
export type Change = Schemas['Change'];
export type ChangeRow = Schemas['Difference'];
export type ExampleRow = Schemas['ExampleRow'];
export type SuiteRow = Schemas['SuiteRow'];
export type WaiverRow = Schemas['WaiverRow'];
export type CaseRow = Schemas['CaseResult'];
export type Outcome = Schemas['Outcome'];
export type Verdict = Schemas['Verdict'];
export type Chart = Schemas['ChartBody'];
export type Release = Schemas['Release'];
export type Continuing = Schemas['Continuing'];
export type CreateWaiver = Schemas['CreateWaiver'];
export type CreateRun = Partial<Schemas['CreateRun']> & Pick<Schemas['CreateRun'], 'path'>;

/** What went wrong and what to do next, as every error answer says it. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly findings: readonly string[];
  readonly problems: readonly Problem[];
}

/** The project of the current notebook, or why there is none. */
export type ProjectView =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly project: Project }
  | { readonly kind: 'absent' }
  | { readonly kind: 'broken'; readonly problems: readonly Problem[]; readonly fault: Fault | null }
  | { readonly kind: 'failed'; readonly fault: Fault };

/** What the chosen target says of itself. */
export type HealthView =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'known'; readonly health: Health }
  | { readonly kind: 'failed'; readonly fault: Fault };

/** One run as far as it is known: its progress while it works, its report once it is finished. */
export interface RunView {
  readonly runId: string;
  readonly answer: RunAnswer | null;
  readonly report: Report | null;
  readonly charts: readonly Chart[] | null;
  readonly cancelling: Asked;
  readonly continuing: Asked;
  readonly waiving: Asked;
  readonly fault: Fault | null;
}

/** Something the server was asked for: whether it still works on it, and why it refused. */
export interface Asked {
  readonly busy: boolean;
  readonly fault: Fault | null;
}

export const NOTHING_ASKED: Asked = { busy: false, fault: null };

/** The runs of a project, newest first. */
export interface HistoryView {
  readonly runs: readonly Run[];
  readonly more: boolean;
  readonly loading: boolean;
  readonly fault: Fault | null;
}

/** How files differ from the commit, null before they were read, and what the server was asked to do about it. */
export interface ChangesView {
  readonly files: Schemas['ChangesAnswer']['changes'] | null;
  readonly asked: Asked;
}

/** The tags that were made, and what became of the last attempt. */
export interface ReleaseView {
  readonly releases: readonly Release[];
  readonly tagging: boolean;
  readonly tagged: Release | null;
  readonly changes: ChangesView;
  readonly fault: Fault | null;
}

/** What the user chose for the next run; no suites named means all of them. */
export interface Choice {
  readonly target: string;
  readonly suites: readonly string[];
  /** Where the target is, as typed: for one whose address the project's file does not say. */
  readonly address: string;
}

/** Everything the panel shows. */
export interface PanelState {
  readonly notebook: string | null;
  readonly project: ProjectView;
  readonly choice: Choice;
  readonly health: HealthView;
  readonly run: RunView | null;
  readonly latest: boolean;
  readonly starting: boolean;
  readonly fault: Fault | null;
  readonly history: HistoryView;
  readonly release: ReleaseView;
}

/** Everything the user can do in the panel. */
export interface PanelActions {
  readonly chooseTarget: (name: string) => void;
  readonly chooseSuites: (names: readonly string[]) => void;
  readonly chooseAddress: (address: string) => void;
  readonly allowSecret: (secret: Secret) => void;
  readonly askHealth: () => void;
  readonly refresh: () => void;
  readonly start: () => void;
  readonly cancel: () => void;
  readonly continueRun: () => void;
  readonly waive: (waiver: CreateWaiver) => void;
  readonly showRun: (runId: string) => void;
  readonly showLatest: () => void;
  readonly moreRuns: () => void;
  readonly tag: (version: string, push: boolean, by: string) => void;
  readonly readChanges: () => void;
  readonly commit: (message: string, by: string) => void;
  readonly openExecuted: (suite: SuiteRow, cellId: string | null) => void;
  readonly openFile: (path: string) => void;
  readonly openTerminal: (() => void) | null;
}

/** What a finding is called: its rule and expression. */
export function nameOf({ rule, expression }: Finding): string {
  return `${rule} ${expression}`.trim();
}

/** The secrets that a run against a target would send and that nobody allowed yet: its own, and the live baseline's. */
export function unallowed({ targets, baseline }: Project, target: string): readonly Secret[] {
  const asked = targets
    .filter(({ name }) => name === target || name === baseline)
    .flatMap(({ secrets }) => secrets.filter(({ allowed }) => !allowed));
  return [...new Map(asked.map(each => [`${each.reference}=${each.origin}`, each])).values()];
}

/** The suites that are run against a target. */
export function suitesFor({ suites }: Project, target: string): readonly Suite[] {
  return suites.filter(({ targets }) => targets.length === 0 || targets.includes(target));
}

/** The names by which a suite is chosen: those of its points, where it has a matrix, else its own. */
export function namesOf({ name, points }: Suite): readonly string[] {
  return points.length > 0 ? points : [name];
}

/** The suite at whose point of a matrix a finding was had, as its rule says: `accuracy{suite:quality[n=100]}`. */
export function pointOf({ rule }: Finding): string | null {
  return /[{,]suite:([^{}]*)\}$/.exec(rule)?.[1] ?? null;
}

/** The suites of a run that are points of a matrix, in their order. */
export function pointsOf({ suites, metrics, findings }: Report): readonly string[] {
  const points = new Set([...metrics.map(row => row.point ?? null), ...findings.map(pointOf)]);
  return suites.map(suite => suite.name).filter(name => points.has(name));
}

/** Say whether a run in this state never changes again. */
export function ended(state: RunState): boolean {
  return state === 'finished' || state === 'cancelled' || state === 'lost';
}
