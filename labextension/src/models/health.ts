import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { faultOf } from '../api';
import type { HealthView, Project } from '../view';
import { unallowed } from '../view';

/** What the chosen target said of itself when it was last asked. */
export class HealthModel implements IDisposable {
  constructor(private readonly api: Api) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get view(): HealthView {
    return this._view;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Ask a target of a project, once nobody need be asked about what it would be sent. */
  async ask(target: string, project: Project | null): Promise<void> {
    if (!project || !target || unallowed(project, target).length > 0) {
      return;
    }
    const { path } = project;
    const turn = ++this._turn;
    this.show({ kind: 'asking' });
    const view = await this.answer(target, path);
    if (turn === this._turn && !this._isDisposed) {
      this.show(view);
    }
  }

  /** Forget what was said: another project is on show. */
  forget(): void {
    this._turn++;
    this.show({ kind: 'unknown' });
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async answer(target: string, path: string): Promise<HealthView> {
    try {
      return { kind: 'known', health: await this.api.health(target, path) };
    } catch (error) {
      return { kind: 'failed', fault: faultOf(error) };
    }
  }

  private show(view: HealthView): void {
    this._view = view;
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _turn = 0;
  private _view: HealthView = { kind: 'unknown' };
}
