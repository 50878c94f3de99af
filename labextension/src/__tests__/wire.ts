/** The server on a wire: a `fetch` that answers from a table of routes, and the values its answers are made of. */

import { ServerConnection } from '@jupyterlab/services';
import { Api } from '../api';
import type { Project, Run, RunAnswer, RunEvent, Suite } from '../view';

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
    kernel: null,
    parallel: null,
    continues: null,
    imported: null,
    commit: {
      sha: '4f1c2d9e8b7a',
      branch: 'main',
      dirty: [],
      hidden: {},
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
    expect_version: null,
    secrets: []
  });
  return {
    name: 'digits',
    path: 'digits/deployfeedback.yaml',
    folder: 'digits',
    targets: [target('released'), target('candidate')],
    default_target: 'candidate',
    baseline: 'released',
    suites: [aSuite('smoke'), aSuite('quality')],
    rules: [],
    tag: 'v{version}',
    remote: 'origin',
    commit: null,
    no_commit: '',
    notices: [],
    ...change
  };
}

export function aSuite(name: string, change: Partial<Suite> = {}): Suite {
  return {
    name,
    kind: 'notebook',
    source: `suites/${name}.ipynb`,
    points: [],
    targets: [],
    notices: [],
    ...change
  };
}
