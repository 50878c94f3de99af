import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Api } from '../api';
import { drawChart } from '../documents/chart';
import { ExecutedOpener } from '../documents/opener';
import { PanelModel } from '../models/panel';
import { FeedbackPanel } from '../panel';
import { PACKAGE, PANEL_ID } from '../tokens';
import { panelActions } from './actions';
import { bindNotebook } from './binding';
import { addCommands } from './commands';
import { passEvents } from './events';

const CHART_MARGIN = 24; // the panel's own padding on both sides
const CHART_WIDTH = 336; // of a panel that is not on show yet

/** The side panel with its commands. Everything a Jupyter without it can do without is optional. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: `${PACKAGE}:plugin`,
  description: 'Feedback about the deployed model of the current notebook.',
  autoStart: true,
  requires: [IRenderMimeRegistry, NotebookPanel.IContentFactory, IEditorServices],
  optional: [INotebookTracker, ICommandPalette, ILayoutRestorer, IThemeManager, ITranslator],
  activate
};

function activate(
  app: JupyterFrontEnd,
  rendermime: IRenderMimeRegistry,
  factory: NotebookPanel.IContentFactory,
  editors: IEditorServices,
  tracker: INotebookTracker | null,
  palette: ICommandPalette | null,
  restorer: ILayoutRestorer | null,
  themes: IThemeManager | null,
  translator: ITranslator | null
): void {
  const { serviceManager, shell } = app;
  const trans = (translator ?? nullTranslator).load('jupyter_deployfeedback');
  const api = new Api(serviceManager.serverSettings);
  const mimeTypes = editors.mimeTypeService;
  const opener = new ExecutedOpener({ api, shell, factory, rendermime, mimeTypes, trans });
  const model: PanelModel = new PanelModel({
    api,
    chartWidth: () => (panel.isVisible ? panel.node.clientWidth - CHART_MARGIN : CHART_WIDTH)
  });
  const panel = new FeedbackPanel({
    model,
    actions: panelActions(app, model, opener),
    drawChart: (chart, host) => drawChart(rendermime, chart, host),
    trans,
    themeChanged: themes?.themeChanged
  });
  shell.add(panel, 'right', { rank: 900 });
  restorer?.add(panel, PANEL_ID);
  addCommands(app, { model, palette, trans });
  passEvents(model, serviceManager.events);
  void app.restored.then(() => bindNotebook(model, tracker, serviceManager.contents));
}
