import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { faultOf } from '../api';
import type { CreateWaiver, Fault, PanelState, Project, Run, RunEvent, Secret } from '../view';
import { NO_CHOICE, askedFor, stillThere } from './choice';
import { HealthModel } from './health';
import { HistoryModel, withRun } from './history';
import { ProjectModel } from './project';
import { ReleasesModel } from './releases';
import { ShownRun } from './shown';

const LOOK_FOR_RUNS = { interval: 30000, backoff: false, max: 30000 };
const LOOK_FOR_SERVER = 5000;

/** Everything the panel knows: the project of the current notebook, its target, its runs and its releases. */
export class PanelModel implements IDisposable {
  constructor(private readonly options: PanelModelOptions) {
    const { api } = options;
    this._project = new ProjectModel(api);
    this._health = new HealthModel(api);
    this._history = new HistoryModel(api);
    this.releases = new ReleasesModel(api);
    this._shown = new ShownRun(options);
    this._project.changed.connect(this.onProject, this);
    this._history.changed.connect(this.onHistory, this);
    this._health.changed.connect(this.tell, this);
    this.releases.changed.connect(this.tell, this);
    this._shown.changed.connect(this.tell, this);
    this._shown.ended.connect(() => void this.refresh());
    this._poll = new Poll({
      name: 'jupyter-deployfeedback:runs',
      auto: false,
      factory: () => this.look(),
      frequency: LOOK_FOR_RUNS,
      standby: () => (this._visible ? 'when-hidden' : true)
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  get state(): PanelState {
    const run = this._shown.model?.view ?? null;
    return {
      notebook: this._project.path || null,
      project: this._project.view,
      choice: this._choice,
      health: this._health.view,
      run,
      latest: this._shown.isLatest,
      starting: this._starting,
      fault: this._fault,
      history: withRun(this._history.view, run?.answer?.run),
      release: this.releases.view
    };
  }

  /** Bind the panel to a notebook; without one it is the project of the server's root folder. */
  async setNotebook(path: string | null): Promise<void> {
    this._notebook = path ?? '';
    await this.refresh();
  }

  /** Read the project again, and with it everything that hangs on it. */
  refresh(): Promise<void> {
    return this._project.load(this._notebook);
  }

  /** While nobody looks little is read; when somebody does, what may have changed is. */
  setVisible(visible: boolean): void {
    this._visible = visible;
    this._shown.setWatched(visible);
    if (visible) {
      void this._poll.refresh();
    }
  }

  chooseTarget(target: string): void {
    const choice = { ...this._choice, target, address: '' };
    this._choice = this.project ? stillThere(choice, this.project) : choice;
    this.tell();
    void this.askHealth();
  }

  chooseSuites(suites: readonly string[]): void {
    this._choice = { ...this._choice, suites };
    this.tell();
  }

  chooseAddress(address: string): void {
    this._choice = { ...this._choice, address };
    this.tell();
  }

  /** Let a secret be sent where the project says; then the target can be asked. */
  allowSecret(secret: Secret): Promise<void> {
    return this._project.allow(secret).catch(error => this.fail(error));
  }

  async askHealth(): Promise<void> {
    await this._health.ask(this._choice.target, this.project);
  }

  /** Start a run of the chosen suites against the chosen target and follow it. */
  async start(): Promise<void> {
    const project = this.project;
    if (!project || this._starting) {
      return;
    }
    this._starting = true;
    this._fault = null;
    this.tell();
    try {
      const run = await this.options.api.createRun(askedFor(this._choice, project));
      this.follow(run, project.path);
    } catch (error) {
      this._fault = faultOf(error);
    }
    this._starting = false;
    this.tell();
    await this.readRuns();
  }

  /** Start the run that continues the one on show, and follow it. */
  async continueRun(): Promise<void> {
    const path = this._path;
    const run = await this._shown.model?.continue();
    if (run) {
      this.follow(run, path);
      await this.readRuns();
    }
  }

  async waive(waiver: CreateWaiver): Promise<void> {
    await this._shown.model?.waive(waiver);
  }

  async cancel(): Promise<void> {
    await this._shown.model?.cancel();
  }

  /** Show one of the runs in the list; as long as that is the newest, a newer one takes its place. */
  showRun(runId: string): void {
    this.releases.settle();
    if (runId === this._history.newest?.run_id) {
      this._shown.showLatest(this._history.newest);
    } else {
      this._shown.showEarlier(runId);
    }
  }

  showLatest(): void {
    this.releases.settle();
    this._shown.showLatest(this._history.newest);
  }

  async moreRuns(): Promise<void> {
    await this._history.more();
  }

  /** Tag what the run on show tested. */
  async tag(version: string, push: boolean, by = ''): Promise<void> {
    const { model } = this._shown;
    if (model) {
      await this.releases.tag(model.view.runId, version, push, by);
    }
  }

  /** Show an error of something that was asked for in the panel. */
  fail(error: unknown): void {
    this._fault = faultOf(error);
    this.tell();
  }

  /** Take the hint of a run event; one of an unknown run means that there may be a newer run. */
  receive(event: RunEvent): void {
    const { model } = this._shown;
    if (event.run_id === model?.view.runId) {
      model.receive(event);
    } else if (event.kind === 'run') {
      void this.readRuns();
    }
  }

  dispose(): void {
    this._poll.dispose();
    for (const model of [this._shown, this._project, this._health, this._history, this.releases]) {
      model.dispose();
    }
    Signal.clearData(this);
  }

  private get project(): Project | null {
    return this._project.view.kind === 'ready' ? this._project.view.project : null;
  }

  /** Show a run that was started, unless another project has come on show meanwhile. */
  private follow(run: Run, path: string | null): void {
    if (path === this._path) {
      this.releases.settle();
      this._shown.showStarted(run);
    }
  }

  private onProject(): void {
    const project = this.project;
    const path = project?.path ?? null;
    const { kind } = this._project.view;
    if (kind === 'failed') {
      void this._poll.schedule({ interval: LOOK_FOR_SERVER, phase: 'rejected' }); // what is known is kept until then
    } else if (path !== this._path && kind !== 'loading') {
      this._path = path;
      this.forget();
    }
    if (project) {
      this._choice = stillThere(this._choice, project); // what the user chose stays as long as the project has it
      void this.askHealth();
      void this.readRuns();
      void this.releases.refresh(project.path);
    }
    this.tell();
  }

  private forget(): void {
    this._choice = NO_CHOICE;
    this._fault = null;
    this._shown.forget();
    this._health.forget();
    this._history.forget();
    this.releases.forget();
  }

  private look(): Promise<void> {
    return this._project.view.kind === 'failed' ? this.refresh() : this.readRuns();
  }

  private async readRuns(): Promise<void> {
    if (this.project) {
      await this._history.refresh(this.project.path);
    }
  }

  private onHistory(): void {
    this._shown.offer(this._history.newest);
    this.tell();
  }

  private tell(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _poll: Poll;
  private readonly _project: ProjectModel;
  private readonly _health: HealthModel;
  private readonly _history: HistoryModel;
  readonly releases: ReleasesModel;
  private readonly _shown: ShownRun;
  private _notebook = '';
  private _path: string | null = null;
  private _choice = NO_CHOICE;
  private _visible = false;
  private _starting = false;
  private _fault: Fault | null = null;
}

export interface PanelModelOptions {
  readonly api: Api;
  /** The width in CSS pixels that charts are made for. */
  readonly chartWidth: () => number;
}
