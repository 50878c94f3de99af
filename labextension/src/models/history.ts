import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { faultOf } from '../api';
import type { HistoryView, Run, RunsAnswer } from '../view';

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

  /** The newest run that ran: what was imported is shown when somebody asks for it. */
  get newest(): Run | null {
    return this._view.runs.find(run => run.imported === null) ?? null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Read the newest page of a project's runs; what was paged in before stays as long as there is no gap. */
  async refresh(path: string): Promise<void> {
    if (path !== this._path) {
      this.forget();
      this._path = path;
    }
    const turn = ++this._turn;
    await this.read(undefined, {
      isWanted: () => turn === this._turn,
      take: ({ runs: fresh, next }) => {
        const heard = new Set(fresh.map(run => run.run_id));
        const kept = this._view.runs.filter(run => !heard.has(run.run_id));
        const gap = kept.length === this._view.runs.length && next !== null;
        this._next = gap || kept.length === 0 ? next : this._next;
        return gap ? fresh : [...fresh, ...kept];
      }
    });
  }

  /** Read the page after the last known run. */
  async more(): Promise<void> {
    const after = this._next;
    if (after === null) {
      return;
    }
    await this.read(after, {
      isWanted: () => after === this._next,
      take: ({ runs, next }) => {
        this._next = next;
        return [...this._view.runs, ...runs];
      }
    });
  }

  /** Forget all runs: there is no project. */
  forget(): void {
    this._turn++;
    this._path = '';
    this._next = null;
    this.show(NOTHING);
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async read(after: string | undefined, page: Page): Promise<void> {
    const path = this._path;
    this.show({ ...this._view, loading: true });
    try {
      const answer = await this.api.runs({ path, limit: PAGE, after });
      if (page.isWanted()) {
        const runs = page.take(answer);
        this.show({ runs, more: this._next !== null, loading: false, fault: null });
      }
    } catch (error) {
      if (page.isWanted()) {
        this.show({ ...this._view, loading: false, fault: faultOf(error) });
      }
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
  private _turn = 0;
  private _view: HistoryView = NOTHING;
}

/** A page that was asked for: whether it is still wanted when it is there, and what becomes of it. */
interface Page {
  readonly isWanted: () => boolean;
  readonly take: (answer: RunsAnswer) => readonly Run[];
}

/** The list is read seldom; the run on show is known better. */
export function withRun(history: HistoryView, known: Run | undefined): HistoryView {
  const runs = history.runs.map(run => (run.run_id === known?.run_id ? known : run));
  return { ...history, runs };
}
