import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Run } from '../view';
import type { RunModelOptions } from './run';
import { RunModel } from './run';

/** Which run is on show: the newest one, whoever started it, until the user asks for an earlier one. */
export class ShownRun implements IDisposable {
  constructor(private readonly options: Omit<RunModelOptions, 'runId'>) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when the run on show was seen to end. */
  get ended(): ISignal<this, void> {
    return this._ended;
  }

  get model(): RunModel | null {
    return this._model;
  }

  get isLatest(): boolean {
    return this._isLatest;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Show a run that was just started. It may not be in the list of runs yet. */
  showStarted(run: Run): void {
    this._isLatest = true;
    this._since = Date.parse(run.created_at);
    this.follow(run.run_id);
  }

  showEarlier(runId: string): void {
    this._isLatest = false;
    this.follow(runId);
  }

  showLatest(newest: Run | null): void {
    this._isLatest = true;
    this._since = 0;
    this.offer(newest);
    this._changed.emit();
  }

  /** Go on to the newest run unless an earlier one was asked for; never back to one older than was started here. */
  offer(newest: Run | null): void {
    if (newest && this._isLatest && Date.parse(newest.created_at) >= this._since) {
      this._since = Date.parse(newest.created_at);
      this.follow(newest.run_id);
    }
  }

  setWatched(watched: boolean): void {
    this._watched = watched;
    this._model?.setWatched(watched);
  }

  /** Show no run: another project is on show. */
  forget(): void {
    this._model?.dispose();
    this._model = null;
    this._isLatest = true;
    this._since = 0;
  }

  dispose(): void {
    this._isDisposed = true;
    this._model?.dispose();
    Signal.clearData(this);
  }

  private follow(runId: string): void {
    if (this._model?.view.runId === runId) {
      return;
    }
    this._model?.dispose();
    this._model = new RunModel({ ...this.options, runId });
    this._model.changed.connect(() => this._changed.emit());
    this._model.ended.connect(() => this._ended.emit());
    this._model.setWatched(this._watched);
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _ended = new Signal<this, void>(this);
  private _isDisposed = false;
  private _isLatest = true;
  private _model: RunModel | null = null;
  private _since = 0;
  private _watched = false;
}
