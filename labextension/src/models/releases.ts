import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { faultOf } from '../api';
import type { ReleaseView } from '../view';
import { ChangesModel, UNREAD } from './changes';

const NOTHING: ReleaseView = {
  releases: [],
  tagging: false,
  tagged: null,
  changes: UNREAD,
  fault: null
};

/** The releases of one project, and the tag that is being made. */
export class ReleasesModel implements IDisposable {
  constructor(private readonly api: Api) {
    this.changes = new ChangesModel(api);
    this.changes.changed.connect(({ view }) => this.show({ ...this._view, changes: view }));
  }

  /** What prevents the next tag. */
  readonly changes: ChangesModel;

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
    this.changes.forget(path);
    const show = this.ofThisProject();
    try {
      const { releases } = await this.api.releases(path);
      show({ releases });
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

  /** Forget the last attempt: another run is on show. */
  settle(): void {
    this.show({ ...this._view, tagging: false, tagged: null, fault: null });
  }

  /** Forget everything: another project is on show. */
  forget(): void {
    this._project++;
    this.show(NOTHING);
    this.changes.forget('');
  }

  dispose(): void {
    this._isDisposed = true;
    this.changes.dispose();
    Signal.clearData(this);
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
  private _project = 0;
  private _view: ReleaseView = NOTHING;
}
