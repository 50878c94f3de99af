import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { faultOf } from '../api';
import type { ChangesView } from '../view';
import { NOTHING_ASKED } from '../view';

export const UNREAD: ChangesView = { files: null, asked: NOTHING_ASKED };

/** What differs from the commit of one project, and the commit that is being made of it. */
export class ChangesModel implements IDisposable {
  constructor(private readonly api: Api) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get view(): ChangesView {
    return this._view;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Read how the files differ. */
  async read(): Promise<void> {
    await this.ask(async () => (await this.api.changes(this._path)).changes);
  }

  /** Commit exactly the files that were read; say whether that was done. */
  async commit(message: string, by: string): Promise<boolean> {
    const path = this._path;
    const files = (this._view.files ?? []).map(each => each.file);
    return this.ask(async () => {
      await this.api.createCommit({ path, files, message, by });
      return null;
    });
  }

  /** Forget everything: this project was read anew. */
  forget(path: string): void {
    this._path = path;
    this._turn++;
    this.show(UNREAD);
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async ask(answer: () => Promise<ChangesView['files']>): Promise<boolean> {
    const turn = ++this._turn;
    const { files } = this._view;
    this.show({ files, asked: { busy: true, fault: null } });
    const view = await answer().then(
      read => ({ files: read, asked: NOTHING_ASKED }),
      (error: unknown) => ({ files, asked: { busy: false, fault: faultOf(error) } })
    );
    if (turn === this._turn) {
      this.show(view);
    }
    return view.asked.fault === null;
  }

  private show(view: ChangesView): void {
    this._view = view;
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _path = '';
  private _turn = 0;
  private _view = UNREAD;
}
