import { MainAreaWidget } from '@jupyterlab/apputils';
import type { IEditorMimeTypeService } from '@jupyterlab/codeeditor';
import type { INotebookContent } from '@jupyterlab/nbformat';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Notebook, NotebookModel, StaticNotebook } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { feedbackIcon } from '../icons';
import { joinLines } from './lines';

const MARKED = 'jp-df-marked-cell';

/** A run's executed copy of a suite, to be read: it has no kernel and no file, and saves nothing. */
export class ExecutedNotebook extends MainAreaWidget<Notebook> {
  constructor(options: ExecutedNotebookOptions) {
    const { content, factory, rendermime, mimeTypes } = options;
    const model = new NotebookModel();
    model.fromJSON(joinLines(content));
    model.readOnly = true;
    const notebook = new Notebook({
      rendermime: rendermime.clone(),
      contentFactory: factory,
      mimeTypeService: mimeTypes,
      notebookConfig: { ...StaticNotebook.defaultNotebookConfig, windowingMode: 'none' }
    });
    notebook.model = model;
    super({ content: notebook });
    this.addClass('jp-df-executed');
    this.title.label = options.title;
    this.title.caption = options.caption;
    this.title.icon = feedbackIcon;
    this.title.closable = true;
    this.toolbar.hide();
    this.contentHeader.addWidget(banner(options.caption, options.trans));
    for (const cell of notebook.widgets) {
      cell.inputArea?.editor?.setOption('readOnly', true);
    }
  }

  /** Go to a cell and mark it; a cell that the copy does not have leaves the view where it is. */
  async reveal(cellId: string): Promise<void> {
    const index = this.content.widgets.findIndex(cell => cell.model.id === cellId);
    const cell = this.content.widgets[index];
    if (!cell) {
      return;
    }
    for (const other of this.content.widgets) {
      other.toggleClass(MARKED, other === cell);
    }
    this.content.activeCellIndex = index;
    await cell.ready;
    await this.content.scrollToItem(index, 'center');
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    const { model } = this.content;
    super.dispose();
    model?.dispose();
  }
}

export interface ExecutedNotebookOptions {
  readonly content: INotebookContent;
  readonly title: string;
  readonly caption: string;
  readonly factory: NotebookPanel.IContentFactory;
  readonly rendermime: IRenderMimeRegistry;
  readonly mimeTypes: IEditorMimeTypeService;
  readonly trans: TranslationBundle;
}

function banner(caption: string, trans: TranslationBundle): Widget {
  const widget = new Widget();
  widget.addClass('jp-df-executed-banner');
  widget.node.textContent = trans.__('%1. Read only: this is the copy that the run kept.', caption);
  return widget;
}
