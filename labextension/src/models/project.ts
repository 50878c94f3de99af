import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { faultOf } from '../api';
import type { Fault, ProjectView, Secret } from '../view';

/** The project that governs a path; asking again while an answer is under way makes the old answer worthless. */
export class ProjectModel implements IDisposable {
  constructor(private readonly api: Api) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get view(): ProjectView {
    return this._view;
  }

  /** The path whose project is on show. */
  get path(): string {
    return this._path;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Find the project of another path. A known project stays on show until the answer is there. */
  async load(path: string): Promise<void> {
    const turn = ++this._turn;
    if (this._view.kind !== 'ready') {
      this.show({ kind: 'loading' });
    }
    const view = await this.ask(path);
    if (turn === this._turn && !this._isDisposed) {
      this._path = path;
      this.show(view);
    }
  }

  /** Let a secret of the project on show be sent where it says, and read the project again. */
  async allow({ reference, origin }: Secret): Promise<void> {
    if (this._view.kind === 'ready') {
      const { path } = this._view.project;
      await this.api.allowSecret({ path, reference, origin });
      await this.load(this._path);
    }
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async ask(path: string): Promise<ProjectView> {
    try {
      const { project, problems } = await this.api.project(path);
      if (project) {
        return { kind: 'ready', project };
      }
      return problems.length ? { kind: 'broken', problems, fault: null } : { kind: 'absent' };
    } catch (error) {
      return viewOf(faultOf(error));
    }
  }

  private show(view: ProjectView): void {
    this._view = view;
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _path = '';
  private _turn = 0;
  private _view: ProjectView = { kind: 'loading' };
}

function viewOf(fault: Fault): ProjectView {
  if (fault.code === 'project_not_found') {
    return { kind: 'absent' };
  }
  if (fault.code === 'project_invalid') {
    return { kind: 'broken', problems: fault.problems, fault };
  }
  return { kind: 'failed', fault };
}
