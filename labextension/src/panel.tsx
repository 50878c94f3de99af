import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import React from 'react';
import type { DrawChart } from './components/chart-list';
import { PanelView } from './components/panel-view';
import { TransContext } from './components/trans';
import { feedbackIcon } from './icons';
import type { PanelModel } from './models/panel';
import { PANEL_ID } from './tokens';
import type { PanelActions } from './view';

const SHOWN = 'jp-df-mod-shown';

/** The side panel: what the model knows, shown; what the user does, told to the model. Owns its model. */
export class FeedbackPanel extends ReactWidget {
  constructor(private readonly options: FeedbackPanelOptions) {
    super();
    const { model, trans } = options;
    this.id = PANEL_ID;
    this.addClass('jp-df-panel');
    this.title.icon = feedbackIcon;
    this.title.caption = trans.__('Deploy feedback');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Deploy feedback'));
    model.changed.connect(this.update, this);
    options.themeChanged?.connect(this.onTheme, this);
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    Signal.clearData(this);
    this.options.model.dispose();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    requestAnimationFrame(() => {
      this.addClass(SHOWN); // it opens with room for its tables; from then on it may be made narrower
      this.parent?.fit();
    });
    this.options.model.setVisible(true);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.options.model.setVisible(false);
  }

  protected override render(): JSX.Element {
    const { model, actions, drawChart, trans } = this.options;
    return (
      <TransContext.Provider value={trans}>
        <PanelView
          state={model.state}
          actions={actions}
          drawChart={drawChart}
          theme={String(this._theme)}
        />
      </TransContext.Provider>
    );
  }

  private onTheme(): void {
    this._theme++;
    this.update();
  }

  private _theme = 0;
}

export interface FeedbackPanelOptions {
  readonly model: PanelModel;
  readonly actions: PanelActions;
  readonly drawChart: DrawChart;
  readonly trans: TranslationBundle;
  /** Emitted when the theme's colours are in place. */
  readonly themeChanged?: ISignal<unknown, unknown>;
}
