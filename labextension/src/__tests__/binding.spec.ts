import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import type { PanelModel } from '../models/panel';
import { bindNotebook } from '../plugins/binding';

/** As much of a notebook as the binding looks at. */
class OpenNotebook {
  readonly context = { path: this.path, pathChanged: new Signal<object, string>(this) };
  constructor(private readonly path: string) {}

  rename(path: string): void {
    this.context.path = path;
    this.context.pathChanged.emit(path);
  }
}

describe('the binding to the current notebook', () => {
  const bound: (string | null)[] = [];
  const model = {
    setNotebook: (path: string | null): Promise<void> => {
      bound.push(path);
      return Promise.resolve();
    }
  } as PanelModel;
  const contents = { localPath: (path: string) => path.replace(/^RTC:/, '') } as Contents.IManager;
  let tracker: { currentWidget: OpenNotebook | null } & Record<string, unknown>;
  let restored: OpenNotebook[];
  let added: Signal<object, NotebookPanel>;
  let current: Signal<object, NotebookPanel | null>;

  function open(notebook: OpenNotebook): void {
    tracker.currentWidget = notebook;
    added.emit(notebook as unknown as NotebookPanel);
    current.emit(notebook as unknown as NotebookPanel);
  }

  beforeEach(() => {
    bound.length = 0;
    added = new Signal({});
    current = new Signal({});
    restored = [];
    tracker = {
      currentWidget: null,
      widgetAdded: added,
      currentChanged: current,
      forEach: (visit: (notebook: OpenNotebook) => void) => restored.forEach(visit)
    };
    bindNotebook(model, tracker as unknown as INotebookTracker, contents);
  });

  it('begins without a notebook', () => {
    expect(bound).toEqual([null]);
  });

  it('follows the notebook that is opened, without its drive', () => {
    open(new OpenNotebook('RTC:digits/model.ipynb'));

    expect(bound).toEqual([null, 'digits/model.ipynb']);
  });

  it('follows a rename, which the tracker does not tell', () => {
    const notebook = new OpenNotebook('model.ipynb');
    open(notebook);
    notebook.rename('better.ipynb');

    expect(bound).toEqual([null, 'model.ipynb', 'better.ipynb']);
  });

  it('follows the rename of a notebook that was open before', () => {
    const notebook = new OpenNotebook('model.ipynb');
    restored = [notebook];
    tracker.currentWidget = notebook;
    bindNotebook(model, tracker as unknown as INotebookTracker, contents);
    notebook.rename('better.ipynb');

    expect(bound).toEqual([null, 'model.ipynb', 'better.ipynb']);
  });

  it('does not follow the rename of a notebook in the background', () => {
    const first = new OpenNotebook('first.ipynb');
    open(first);
    open(new OpenNotebook('second.ipynb'));
    first.rename('renamed.ipynb');

    expect(bound).toEqual([null, 'first.ipynb', 'second.ipynb']);
  });

  it('shows the root folder where there are no notebooks at all', () => {
    bound.length = 0;
    bindNotebook(model, null, contents);

    expect(bound).toEqual([null]);
  });
});
