import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { faultOf } from '../api';
import type { ChangesView, ReleaseView } from '../view';
import { NOTHING_ASKED } from '../view';

export const UNREAD: ChangesView = { files: null, asked: NOTHING_ASKED };

const NOTHING: ReleaseView = {
  releases: [],
  tagging: false,
  tagged: null,
  changes: UNREAD,
  fault: null
};

/** The releases of one project, and the tag that is being made. */
export class ReleasesModel implements IDisposable {
  constructor(private readonly api: Api) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get view(): ReleaseView {
    return this._view;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Read the releases of a project; failing to read them is said where a tag is made. */
  async refresh(path: string): Promise<void> {
    this._path = path;
    const show = this.ofThisProject();
    try {
      const { releases } = await this.api.releases(path);
      show({ releases, changes: UNREAD });
    } catch (error) {
      show({ fault: faultOf(error) });
    }
  }

  /** Tag the commit that a run tested. The server decides whether the gate is open. */
  async tag(runId: string, version: string, push: boolean, by = ''): Promise<void> {
    const show = this.ofThisProject();
    show({ tagging: true, tagged: null, fault: null });
    try {
      const tagged = await this.api.createRelease({ run_id: runId, version, push, by });
      const releases = [tagged, ...this._view.releases];
      show({ releases, tagging: false, tagged, fault: null });
    } catch (error) {
      show({ tagging: false, fault: faultOf(error) });
    }
  }

  /** Read how the files that prevent a tag differ from the commit. */
  async readChanges(): Promise<void> {
    await this.change(async () => (await this.api.changes(this._path)).changes);
  }

  /** Commit exactly the files that were read; say whether that was done. */
  async commit(message: string, by: string): Promise<boolean> {
    const files = Object.keys(this._view.changes.files ?? {});
    return this.change(async () => {
      await this.api.createCommit({ path: this._path, files, message, by });
      return null;
    });
  }

  /** Forget the last attempt: another run is on show. */
  settle(): void {
    this.show({ ...this._view, tagging: false, tagged: null, fault: null });
  }

  /** Forget everything: another project is on show. */
  forget(): void {
    this._project++;
    this.show(NOTHING);
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async change(ask: () => Promise<ChangesView['files']>): Promise<boolean> {
    const show = this.ofThisProject();
    const { files } = this._view.changes;
    show({ changes: { files, asked: { busy: true, fault: null } } });
    try {
      show({ changes: { files: await ask(), asked: NOTHING_ASKED } });
      return true;
    } catch (error) {
      show({ changes: { files, asked: { busy: false, fault: faultOf(error) } } });
      return false;
    }
  }

  /** Return what shows a change as long as no other project is on show: an answer may come late. */
  private ofThisProject(): (change: Partial<ReleaseView>) => void {
    const project = this._project;
    return change => {
      if (project === this._project) {
        this.show({ ...this._view, ...change });
      }
    };
  }

  private show(view: ReleaseView): void {
    this._view = view;
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _path = '';
  private _project = 0;
  private _view: ReleaseView = NOTHING;
}
