import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { faultOf } from '../api';
import type { HistoryView, Run } from '../view';

const PAGE = 20;
const NOTHING: HistoryView = { runs: [], more: false, loading: false, fault: null };

/** The runs of one project, newest first, as the store knows them: also those that were started elsewhere. */
export class HistoryModel implements IDisposable {
  constructor(private readonly api: Api) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get view(): HistoryView {
    return this._view;
  }

  get newest(): Run | null {
    return this._view.runs[0] ?? null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Read the newest page of a project's runs; what was paged in before stays. */
  async refresh(path: string): Promise<void> {
    if (path !== this._path) {
      this._path = path;
      this._next = null;
      this.show(NOTHING);
    }
    await this.read(undefined, (fresh, known) => {
      const heard = new Set(fresh.map(run => run.run_id));
      return [...fresh, ...known.filter(run => !heard.has(run.run_id))];
    });
  }

  /** Read the page after the last known run. */
  async more(): Promise<void> {
    if (this._next !== null) {
      await this.read(this._next, (fresh, known) => [...known, ...fresh]);
    }
  }

  /** Forget all runs: there is no project. */
  forget(): void {
    this._path = '';
    this._next = null;
    this.show(NOTHING);
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async read(
    after: string | undefined,
    merge: (fresh: readonly Run[], known: readonly Run[]) => readonly Run[]
  ): Promise<void> {
    const path = this._path;
    const first = this._view.runs.length === 0 || after !== undefined;
    this.show({ ...this._view, loading: true });
    try {
      const { runs, next } = await this.api.runs({ path, limit: PAGE, after });
      if (path !== this._path || this._isDisposed) {
        return;
      }
      this._next = first ? next : this._next;
      this.show({
        runs: merge(runs, this._view.runs),
        more: this._next !== null,
        loading: false,
        fault: null
      });
    } catch (error) {
      this.show({ ...this._view, loading: false, fault: faultOf(error) });
    }
  }

  private show(view: HistoryView): void {
    this._view = view;
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _path = '';
  private _next: string | null = null;
  private _view: HistoryView = NOTHING;
}

/** The list is read seldom; the run on show is known better. */
export function withRun(history: HistoryView, known: Run | undefined): HistoryView {
  const runs = history.runs.map(run => (run.run_id === known?.run_id ? known : run));
  return { ...history, runs };
}
