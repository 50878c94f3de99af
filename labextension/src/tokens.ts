/** Names that others rely on: ids, commands, routes, the event schema and the MIME type. */

export const PACKAGE = 'jupyter-deployfeedback';

export const PANEL_ID = 'jp-deployfeedback-panel';

export const API = 'deployfeedback/api/v1';

export const RUN_EVENT = 'https://events.jupyter-deployfeedback.org/run/v1';

export const OBSERVATION = 'application/vnd.deployfeedback.observation+json';

export const VEGA_LITE = 'application/vnd.vegalite.v5+json';

export const CommandIDs = {
  open: 'deployfeedback:open',
  run: 'deployfeedback:run'
} as const;
