import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { feedbackIcon } from '../icons';
import type { PanelModel } from '../models/panel';
import { CommandIDs, PANEL_ID } from '../tokens';

interface CommandOptions {
  readonly model: PanelModel;
  readonly palette: ICommandPalette | null;
  readonly trans: TranslationBundle;
}

/** Add the commands: to open the panel, and to open it and run the suites. */
export function addCommands(app: JupyterFrontEnd, { model, palette, trans }: CommandOptions): void {
  const { commands, shell } = app;
  commands.addCommand(CommandIDs.open, {
    label: args => (args.toolbar ? '' : trans.__('Open deploy feedback')),
    caption: trans.__('Open the feedback about the deployed model of this notebook'),
    icon: feedbackIcon,
    execute: () => shell.activateById(PANEL_ID)
  });
  commands.addCommand(CommandIDs.run, {
    label: trans.__('Run the suites against the deployed model'),
    caption: trans.__('Run the suites of this project against the chosen target'),
    icon: feedbackIcon,
    isEnabled: () => model.state.project.kind === 'ready',
    execute: async () => {
      shell.activateById(PANEL_ID);
      await model.start();
    }
  });
  for (const command of [CommandIDs.open, CommandIDs.run]) {
    palette?.addItem({ command, category: trans.__('Deploy feedback') });
  }
  model.changed.connect(() => commands.notifyCommandChanged(CommandIDs.run));
}
