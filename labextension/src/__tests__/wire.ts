/** The server on a wire: a `fetch` that answers from a table of routes, and the values its answers are made of. */

import { ServerConnection } from '@jupyterlab/services';
import { Api } from '../api';
import type { ExampleRow, Finding, Project, Report, Run, RunAnswer, RunEvent } from '../view';

export const BASE = 'http://127.0.0.1:9999/user/alice/';
export const ROOT = `${BASE}deployfeedback/api/v1`;

export interface Call {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  readonly headers: Headers;
}

/** Answers `METHOD /path?query` from a table; an unknown route is answered as a server without us would. */
export class FakeServer {
  readonly calls: Call[] = [];
  readonly routes = new Map<string, unknown>();

  readonly api = new Api(
    ServerConnection.makeSettings({
      baseUrl: BASE,
      token: 'secret',
      fetch: (input, init) => this.fetch(new Request(input, init))
    })
  );

  on(route: string, answer: unknown): this {
    this.routes.set(route, answer);
    return this;
  }

  count(route: string): number {
    return this.calls.filter(call => `${call.method} ${call.url}` === route).length;
  }

  private async fetch(request: Request): Promise<Response> {
    const url = request.url.replace(ROOT, '').replace(/[?&]\d{13}$/, ''); // Lab's own cache breaker
    const text = await request.text();
    this.calls.push({
      method: request.method,
      url,
      body: text ? (JSON.parse(text) as unknown) : null,
      headers: request.headers
    });
    const answer = this.routes.get(`${request.method} ${url}`);
    if (answer === undefined) {
      return new Response('<html>404</html>', { status: 404 });
    }
    const made: unknown = typeof answer === 'function' ? await (answer as () => unknown)() : answer;
    return made instanceof Response ? made : new Response(JSON.stringify(made));
  }
}

export function errorAnswer(status: number, body: object): Response {
  return new Response(JSON.stringify(body), { status });
}

/** Let answers that are under way arrive, and polls that are due begin. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

export function aRun(change: Partial<Run> = {}): Run {
  return {
    run_id: 'r1',
    state: 'running',
    project: 'digits',
    path: 'digits/deployfeedback.yaml',
    target: 'candidate',
    baseline: 'released',
    against: null,
    suites: [],
    parameters: {},
    matrix: {},
    continues: null,
    commit: {
      sha: '4f1c2d9e8b7a',
      branch: 'main',
      dirty: [],
      subject: 'Prune',
      committed_at: null,
      page: null
    },
    verdict: null,
    message: null,
    created_at: '2026-11-20T09:30:00Z',
    started_at: '2026-11-20T09:30:01Z',
    finished_at: null,
    seq: 0,
    ...change
  };
}

export function anAnswer(change: Partial<Run> = {}, rest: Partial<RunAnswer> = {}): RunAnswer {
  return { run: aRun(change), stage: 'execute', suites: [], ...rest };
}

export function anEvent(seq: number, change: Partial<RunEvent> = {}): RunEvent {
  return {
    run_id: 'r1',
    seq,
    at: '2026-11-20T09:30:02Z',
    kind: 'progress',
    state: null,
    suite: 'quality',
    case_id: null,
    title: null,
    outcome: null,
    done: null,
    total: null,
    message: null,
    ...change
  };
}

export function aProject(change: Partial<Project> = {}): Project {
  const target = (name: string): Project['targets'][number] => ({
    name,
    url: `http://127.0.0.1/${name}`,
    protocol: 'rest',
    expect_version: null
  });
  return {
    name: 'digits',
    path: 'digits/deployfeedback.yaml',
    folder: 'digits',
    targets: [target('released'), target('candidate')],
    default_target: 'candidate',
    baseline: 'released',
    suites: [
      { name: 'smoke', kind: 'notebook', source: 'suites/smoke.ipynb' },
      { name: 'quality', kind: 'notebook', source: 'suites/quality.ipynb' }
    ],
    rules: [],
    tag: 'v{version}',
    remote: 'origin',
    commit: null,
    ...change
  };
}

export function aFinding(change: Partial<Finding> = {}): Finding {
  return {
    rule: 'accuracy',
    expression: '>=0.95',
    verdict: 'pass',
    standing: 'counted',
    sentence: 'Accuracy is 97.4 %.',
    value: 0.974,
    unit: 'share',
    limit: 0.95,
    candidate: 0.974,
    baseline: 0.978,
    interval: [0.96, 0.98],
    confidence: 0.9,
    n: 500,
    n_more: null,
    method: 'clopper-pearson',
    look: [1, 2],
    metric_unit: 'share',
    text: {
      subject: 'accuracy',
      value: '97.4 % [96.0, 98.0]',
      limit: '\u2265 95 %',
      candidate: '97.4 %',
      baseline: '97.8 %',
      n: '500 examples',
      method: 'Clopper-Pearson interval of a share'
    },
    ...change
  };
}

export function anExample(change: Partial<ExampleRow> = {}): ExampleRow {
  return {
    example_id: 'digits-12',
    suite: 'quality',
    truth: 8,
    candidate: 1,
    baseline: 8,
    slices: { digit: '8' },
    picture: null,
    ...change
  };
}

export function aReport(change: Partial<Report> = {}): Report {
  return {
    schema_version: 1,
    run: {
      run_id: 'r1',
      state: 'finished',
      project: 'digits',
      target: 'candidate',
      baseline: 'released',
      commit: '4f1c2d9e8b7a',
      dirty: false,
      first_release: false,
      paired: true,
      started_at: '2026-11-20T09:30:01Z',
      finished_at: '2026-11-20T09:30:11Z',
      duration_seconds: 10,
      window_seconds: 9,
      self_test: '',
      look: [1, 2],
      continues: null,
      attempts: 1,
      url: 'http://127.0.0.1:8002',
      model_version: '2.1.0',
      baseline_version: '2.0.0',
      namespace: null,
      baseline_namespace: null,
      page: null
    },
    verdict: 'pass',
    gate: 'open',
    exit_code: 0,
    headline: 'Pass: digits candidate 2.1.0 may be released.',
    next_step: 'Tag the release.',
    notices: [],
    findings: [aFinding()],
    metrics: [],
    suites: [],
    examples: { broken: [], fixed: [] },
    changes: [],
    distributions: [],
    series: [],
    digests: [],
    waivers: [],
    windows: [],
    continuing: null,
    ...change
  };
}
