import { LabIcon } from '@jupyterlab/ui-components';
import { PACKAGE } from './tokens';

// a tag with a check: the release that feedback permits; jp-icon3 takes the colour of Lab's side bars
const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="M1.5 2.6c0-.6.5-1.1 1.1-1.1h5.1c.3 0 .58.12.78.32l5.7 5.7c.43.43.43 1.13 0 1.56l-5.1 5.1c-.43.43-1.13.43-1.56 0l-5.7-5.7a1.1 1.1 0 0 1-.32-.78V2.6ZM4.4 5.5a1.1 1.1 0 1 0 0-2.2 1.1 1.1 0 0 0 0 2.2Zm6.9 2.2a.7.7 0 0 0-1-1L7.6 9.6 6.2 8.2a.7.7 0 0 0-1 1l1.9 1.9c.28.28.72.28 1 0l3.2-3.4Z"/>
</svg>`;

export const feedbackIcon = new LabIcon({ name: `${PACKAGE}:icon`, svgstr });
