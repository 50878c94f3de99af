/** The REST interface of the server extension: one method per route. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { INotebookContent } from '@jupyterlab/nbformat';
import { API } from './tokens';
import type {
  CreateRun,
  CreateWaiver,
  Fault,
  Health,
  Problem,
  Release,
  Report,
  Run,
  RunAnswer,
  RunsAnswer
} from './view';
import type { components } from './wire';

type Schemas = components['schemas'];
type Query = Record<string, string | number | undefined>;

/** An error answer, or why there was no answer. `code` is the answer's `error`. */
export class ApiError extends Error implements Fault {
  readonly code: string;
  readonly remedy: string;
  readonly findings: readonly string[];
  readonly problems: readonly Problem[];

  constructor(fault: Partial<Fault> & Pick<Fault, 'code' | 'message'>) {
    super(fault.message);
    this.name = 'ApiError';
    this.code = fault.code;
    this.remedy = fault.remedy ?? '';
    this.findings = fault.findings ?? [];
    this.problems = fault.problems ?? [];
  }
}

/** Return any thrown value as what went wrong and what to do next. */
export function faultOf(error: unknown): Fault {
  if (error instanceof ApiError) {
    return error;
  }
  return new ApiError({
    code: 'internal',
    message: error instanceof Error ? error.message : String(error)
  });
}

export class Api {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  project(path: string): Promise<Schemas['ProjectAnswer']> {
    return this.get(['project'], { path });
  }

  health(target: string, path: string): Promise<Health> {
    return this.get(['targets', target, 'health'], { path });
  }

  allowSecret(body: Schemas['AllowSecret']): Promise<Schemas['SecretBody']> {
    return this.post(['secrets'], body);
  }

  createRun(body: CreateRun): Promise<Run> {
    return this.post(['runs'], body);
  }

  runs(query: { path: string; limit?: number; after?: string }): Promise<RunsAnswer> {
    return this.get(['runs'], query);
  }

  run(runId: string): Promise<RunAnswer> {
    return this.get(['runs', runId]);
  }

  feedback(runId: string): Promise<Report> {
    return this.get(['runs', runId, 'feedback'], { format: 'json' });
  }

  charts(runId: string, width: number): Promise<Schemas['ChartsAnswer']> {
    return this.get(['runs', runId, 'charts'], { width });
  }

  cancelRun(runId: string): Promise<Run> {
    return this.post(['runs', runId, 'cancel'], {});
  }

  continueRun(runId: string): Promise<Run> {
    return this.post(['runs', runId, 'continue'], {});
  }

  createWaiver(runId: string, body: CreateWaiver): Promise<Schemas['Waiver']> {
    return this.post(['runs', runId, 'waivers'], body);
  }

  notebook(runId: string, artifact: string): Promise<INotebookContent> {
    return this.get(['runs', runId, 'artifacts', artifact]);
  }

  releases(path: string): Promise<Schemas['ReleasesAnswer']> {
    return this.get(['releases'], { path });
  }

  createRelease(body: Schemas['CreateRelease']): Promise<Release> {
    return this.post(['releases'], body);
  }

  changes(path: string): Promise<Schemas['ChangesAnswer']> {
    return this.get(['changes'], { path });
  }

  createCommit(body: Schemas['CreateCommit']): Promise<Schemas['ProjectAnswer']> {
    return this.post(['changes'], body);
  }

  private get<T>(parts: readonly string[], query: Query = {}): Promise<T> {
    const known = Object.entries(query).filter(([, value]) => value !== undefined);
    const asked = new URLSearchParams(known.map(([key, value]) => [key, String(value)])).toString();
    return this.request<T>(this.url(parts) + (asked ? `?${asked}` : ''), { method: 'GET' });
  }

  private post<T>(parts: readonly string[], body: object): Promise<T> {
    return this.request<T>(this.url(parts), { method: 'POST', body: JSON.stringify(body) });
  }

  private url(parts: readonly string[]): string {
    return URLExt.join(this.settings.baseUrl, API, ...parts.map(encodeURIComponent));
  }

  private async request<T>(url: string, init: RequestInit): Promise<T> {
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch {
      throw new ApiError({
        code: 'server_unreachable',
        message: 'The Jupyter server does not answer.',
        remedy:
          'The panel keeps trying. Runs go on where only the connection is lost; a server that stops ends its runs.'
      });
    }
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok || body === null) {
      throw errorOf(response.status, body);
    }
    return body as T;
  }
}

function errorOf(status: number, body: unknown): ApiError {
  if (isErrorBody(body)) {
    return new ApiError({ ...body, code: body.error });
  }
  if (status === 404) {
    return new ApiError({
      code: 'extension_missing',
      message: 'This Jupyter server does not have the deployfeedback extension.',
      remedy:
        'Install jupyter_deployfeedback in the environment of the server, not only of the kernel, and restart the server.'
    });
  }
  if (status === 401 || status === 403) {
    return new ApiError({
      code: 'forbidden',
      message: 'The server does not let you do this.',
      remedy: 'Reload the page to log in again.'
    });
  }
  return new ApiError({
    code: 'unexpected_answer',
    message: `The server answered with ${status} and no explanation.`,
    remedy: "Look into the Jupyter server's log."
  });
}

function isErrorBody(body: unknown): body is Schemas['ErrorBody'] {
  return typeof body === 'object' && body !== null && 'error' in body && 'message' in body;
}
