import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { PanelModel } from '../models/panel';

/** Bind the panel to the current notebook, also while that is renamed, which the tracker does not tell. */
export function bindNotebook(
  model: PanelModel,
  tracker: INotebookTracker | null,
  contents: Contents.IManager
): void {
  if (!tracker) {
    void model.setNotebook(null);
    return;
  }
  const pathOf = (widget: NotebookPanel | null): string | null =>
    widget ? contents.localPath(widget.context.path) : null;
  const bind = (): void => {
    void model.setNotebook(pathOf(tracker.currentWidget));
  };
  const follow = (widget: NotebookPanel): void => {
    widget.context.pathChanged.connect(() => {
      if (widget === tracker.currentWidget) {
        bind();
      }
    });
  };
  tracker.forEach(follow); // those that Lab restored
  tracker.widgetAdded.connect((_, widget) => follow(widget));
  tracker.currentChanged.connect(bind);
  bind();
}
