import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { faultOf } from '../api';
import type { CreateWaiver, Run, RunAnswer, RunEvent, RunView } from '../view';
import { NOTHING_ASKED, ended } from '../view';
import { advance } from './progress';
import { admit } from './sequence';

// events carry the news; polling only finds what they lost
const WATCHED = { interval: 5000, backoff: false, max: 5000 };
const UNWATCHED = { interval: 30000, backoff: false, max: 30000 };

/**
 * One run, followed until it ends. Events are hints, REST is the truth.
 *
 * The next event in order is shown; a gap, an error, becoming visible or a change of the run's state reads it again.
 */
export class RunModel implements IDisposable {
  constructor(options: RunModelOptions) {
    this._api = options.api;
    this._chartWidth = options.chartWidth;
    this._view = {
      runId: options.runId,
      answer: null,
      report: null,
      charts: null,
      cancelling: NOTHING_ASKED,
      continuing: NOTHING_ASKED,
      waiving: NOTHING_ASKED,
      fault: null
    };
    this._poll = new Poll({
      name: `jupyter-deployfeedback:run:${options.runId}`,
      auto: false,
      factory: () => this.reread(),
      frequency: WATCHED,
      standby: 'when-hidden'
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted once, when a run that was seen at work has ended. */
  get ended(): ISignal<this, void> {
    return this._ended;
  }

  get view(): RunView {
    return this._view;
  }

  get isActive(): boolean {
    return !this._view.answer || !ended(this._view.answer.run.state);
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Show an event of this run, or read the run again where the event alone does not tell enough. */
  receive(event: RunEvent): void {
    const { answer } = this._view;
    if (!answer) {
      void this.reread();
      return;
    }
    const admission = this.isActive ? admit(event.seq, answer.run.seq) : 'ignore';
    if (admission === 'show') {
      this.show({ answer: advance(answer, event) });
    }
    if (
      admission === 'reread' ||
      (admission === 'show' && (event.kind === 'run' || this._reading))
    ) {
      void this.reread();
    }
  }

  /** Read the run over REST; asked while reading, it reads once more afterwards. Never rejects. */
  reread(): Promise<void> {
    this._asked++;
    this._reading ??= this.readAll().finally(() => {
      this._reading = null;
    });
    return this._reading;
  }

  /** Ask the server to stop the run; it is cancelled once the server says so. */
  async cancel(): Promise<void> {
    this.show({ cancelling: { busy: true, fault: null } });
    try {
      await this._api.cancelRun(this._view.runId);
    } catch (error) {
      this.show({ cancelling: { busy: false, fault: faultOf(error) } });
    }
    await this.reread();
  }

  /** Ask the server for the run that continues this one; null where it refuses, with the reason on show. */
  async continue(): Promise<Run | null> {
    if (this._view.continuing.busy) {
      return null;
    }
    this.show({ continuing: { busy: true, fault: null } });
    try {
      const run = await this._api.continueRun(this._view.runId);
      this.show({ continuing: NOTHING_ASKED });
      return run;
    } catch (error) {
      this.show({ continuing: { busy: false, fault: faultOf(error) } });
      return null;
    }
  }

  /** Waive a finding and read the report again: the gate may have opened. */
  async waive(waiver: CreateWaiver): Promise<void> {
    if (this._view.waiving.busy) {
      return;
    }
    this.show({ waiving: { busy: true, fault: null } });
    try {
      await this._api.createWaiver(this._view.runId, waiver);
      this.show({
        report: await this._api.feedback(this._view.runId),
        waiving: NOTHING_ASKED
      });
    } catch (error) {
      this.show({ waiving: { busy: false, fault: faultOf(error) } });
    }
  }

  /** Begin to follow the run: seldom while nobody looks, and at once when somebody does. */
  setWatched(watched: boolean): void {
    if (!this.isActive) {
      return;
    }
    this._poll.frequency = watched ? WATCHED : UNWATCHED;
    void (watched ? this._poll.refresh() : this._poll.start());
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  private async readAll(): Promise<void> {
    let answered = 0;
    while (answered !== this._asked && !this.isDisposed) {
      answered = this._asked;
      await this.read();
    }
  }

  private async read(): Promise<void> {
    try {
      const answer = await this._api.run(this._view.runId);
      this.take(answer);
      if (answer.run.state === 'finished') {
        await this.readReport();
      }
      if (!this.isActive) {
        await this._poll.stop();
      }
    } catch (error) {
      this.show({ fault: faultOf(error) });
    }
  }

  private take(answer: RunAnswer): void {
    const wasAtWork = this._view.answer !== null && this.isActive;
    const over = ended(answer.run.state);
    const cancelling = over ? NOTHING_ASKED : this._view.cancelling;
    this.show({ answer, cancelling, fault: null });
    if (wasAtWork && over) {
      this._ended.emit();
    }
  }

  /** Read what of the report is not there yet: it never changes by itself. */
  private async readReport(): Promise<void> {
    const { runId, report, charts } = this._view;
    if (!report) {
      this.show({ report: await this._api.feedback(runId) });
    }
    if (!charts) {
      this.show(await this._api.charts(runId, this._chartWidth()));
    }
  }

  private show(change: Partial<RunView>): void {
    this._view = { ...this._view, ...change };
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _api: Api;
  private readonly _chartWidth: () => number;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _ended = new Signal<this, void>(this);
  private _asked = 0;
  private _reading: Promise<void> | null = null;
  private _view: RunView;
}

export interface RunModelOptions {
  readonly api: Api;
  readonly runId: string;
  /** The width in CSS pixels that charts are made for. */
  readonly chartWidth: () => number;
}
