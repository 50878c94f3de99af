import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import type { ExecutedOpener } from '../documents/opener';
import type { PanelModel } from '../models/panel';
import type { PanelActions, SuiteRow } from '../view';

const OPEN_FILE = 'docmanager:open';
const NEW_TERMINAL = 'terminal:create-new';

/** What the panel's buttons do: told to the model, or to Jupyter's own commands where there are any. */
export function panelActions(
  app: JupyterFrontEnd,
  model: PanelModel,
  opener: ExecutedOpener
): PanelActions {
  const open = (suite: SuiteRow, cellId: string | null): void => {
    const { run } = model.state;
    if (run?.report && suite.artifact) {
      const { target } = run.report.run;
      const { name, source, artifact } = suite;
      opener
        .open({ runId: run.runId, artifact, suite: name, source, target, cellId })
        .catch((error: unknown) => model.fail(error));
    }
  };
  const openTerminal = (): void => {
    const cwd = PathExt.dirname(model.state.notebook ?? '');
    void app.commands.execute(NEW_TERMINAL, { cwd });
  };
  return {
    chooseTarget: name => model.chooseTarget(name),
    chooseSuites: names => model.chooseSuites(names),
    chooseAddress: address => model.chooseAddress(address),
    allowSecret: secret => void model.allowSecret(secret),
    askHealth: () => void model.askHealth(),
    refresh: () => void model.refresh(),
    start: () => void model.start(),
    cancel: () => void model.cancel(),
    continueRun: () => void model.continueRun(),
    waive: waiver => void model.waive(waiver),
    showRun: runId => model.showRun(runId),
    showLatest: () => model.showLatest(),
    moreRuns: () => void model.moreRuns(),
    tag: (version, push, by) => void model.tag(version, push, by),
    readChanges: () => void model.releases.readChanges(),
    commit: (message, by) =>
      void model.releases.commit(message, by).then(done => (done ? model.refresh() : undefined)),
    openExecuted: open,
    openFile: path => void app.commands.execute(OPEN_FILE, { path }),
    get openTerminal() {
      return app.commands.hasCommand(NEW_TERMINAL) ? openTerminal : null; // its plugin may come after ours
    }
  };
}
