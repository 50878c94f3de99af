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
    const id = `jp-df-executed-${copy.runId}-${copy.artifact}`;
    const opened = this._open.get(id) ?? this.add(id, copy);
    this._open.set(id, opened); // at once: who clicks twice waits for the same copy
    const widget = await opened.catch((error: unknown) => {
      this._open.delete(id);
      throw error;
    });
    this.options.shell.activateById(id);
    if (copy.cellId) {
      await widget.reveal(copy.cellId);
    }
  }

  private async add(id: string, copy: ExecutedCopy): Promise<ExecutedNotebook> {
    const { api, shell } = this.options;
    const widget = this.create(copy, await api.notebook(copy.runId, copy.artifact));
    widget.id = id;
    widget.disposed.connect(() => this._open.delete(id));
    shell.add(widget, 'main', { mode: 'tab-after' });
    if (!widget.isAttached) {
      shell.add(widget, 'down'); // Jupyter Notebook's main area holds nothing but its one document
    }
    return widget;
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

  private readonly _open = new Map<string, Promise<ExecutedNotebook>>();
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
