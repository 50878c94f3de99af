import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IEditorMimeTypeService } from '@jupyterlab/codeeditor';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Api } from '../api';
import type { ExecutedNotebookOptions } from './executed';
import { ExecutedNotebook } from './executed';

/** Opens executed notebooks in the main area; each at most once. */
export class ExecutedOpener {
  constructor(private readonly options: ExecutedOpenerOptions) {}

  /** Show the copy that a run kept, at a cell if one is named; rejects where the server does not have it. */
  async open(copy: ExecutedCopy): Promise<void> {
    const { shell, api } = this.options;
    const id = `jp-df-executed-${copy.runId}-${copy.artifact}`;
    let widget = this._open.get(id);
    if (!widget || widget.isDisposed) {
      const content = await api.notebook(copy.runId, copy.artifact);
      widget = this.create(copy, content);
      widget.id = id;
      this._open.set(id, widget);
      widget.disposed.connect(() => this._open.delete(id));
      shell.add(widget, 'main', { mode: 'tab-after' });
      if (!widget.isAttached) {
        shell.add(widget, 'down'); // Jupyter Notebook's main area holds nothing but its one document
      }
    }
    shell.activateById(id);
    if (copy.cellId) {
      await widget.reveal(copy.cellId);
    }
  }

  private create(
    copy: ExecutedCopy,
    content: ExecutedNotebookOptions['content']
  ): ExecutedNotebook {
    const { factory, rendermime, mimeTypes, trans } = this.options;
    return new ExecutedNotebook({
      content,
      title: trans.__('%1 (executed)', copy.suite),
      caption: trans.__('%1, executed against %2', copy.source, copy.target),
      factory,
      rendermime,
      mimeTypes,
      trans
    });
  }

  private readonly _open = new Map<string, ExecutedNotebook>();
}

export interface ExecutedOpenerOptions {
  readonly api: Api;
  readonly shell: JupyterFrontEnd.IShell;
  readonly factory: NotebookPanel.IContentFactory;
  readonly rendermime: IRenderMimeRegistry;
  readonly mimeTypes: IEditorMimeTypeService;
  readonly trans: TranslationBundle;
}

/** Which executed copy to open, and at which cell. */
export interface ExecutedCopy {
  readonly runId: string;
  readonly artifact: string;
  readonly suite: string;
  readonly source: string;
  readonly target: string;
  readonly cellId: string | null;
}
