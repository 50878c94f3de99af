/** Shows what a suite observed as a small card, in any notebook that holds it. Text is only ever text. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import type { Card } from './observation';
import { cardOf } from './observation';
import { OBSERVATION, PACKAGE } from './tokens';

const RANK = 50; // before text/plain, which every record carries too

/** One record in an output area. */
export class ObservationCard extends Widget implements IRenderMime.IRenderer {
  constructor(options: IRenderMime.IRendererOptions) {
    super();
    this._trans = (options.translator ?? nullTranslator).load('jupyter_deployfeedback');
    this.addClass('jp-df-observation');
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const record = model.data[OBSERVATION];
    const card = cardOf(record, this._trans);
    const plain = model.data['text/plain'];
    this.node.replaceChildren(
      ...(card ? nodesOf(card) : [line(typeof plain === 'string' ? plain : JSON.stringify(record))])
    );
    return Promise.resolve();
  }

  private readonly _trans: ReturnType<IRenderMime.ITranslator['load']>;
}

const extension: IRenderMime.IExtension = {
  id: `${PACKAGE}:observation`,
  description: 'Shows what a suite observed.',
  rendererFactory: {
    safe: true,
    mimeTypes: [OBSERVATION],
    createRenderer: options => new ObservationCard(options)
  },
  rank: RANK,
  dataType: 'json'
};

export default extension;

function nodesOf(card: Card): HTMLElement[] {
  const head = document.createElement('div');
  head.className = 'jp-df-row';
  head.append(
    span(card.word, `jp-df-word jp-df-tone-${card.tone}`),
    span(card.title, 'jp-df-grow')
  );
  const nodes: HTMLElement[] = [head];
  if (card.progress) {
    nodes.push(bar(card.progress.done, card.progress.total, card.title));
  }
  if (card.rows) {
    nodes.push(table(card.head ?? [], card.rows));
  }
  return nodes;
}

function bar(done: number, total: number, label: string): HTMLElement {
  const node = document.createElement('progress');
  node.className = 'jp-df-bar';
  node.max = total;
  node.value = done;
  node.setAttribute('aria-label', label);
  return node;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  const node = document.createElement('table');
  node.className = 'jp-df-table';
  node.createTHead().append(row(head, 'th'));
  const body = node.createTBody();
  body.append(...rows.map(cells => row(cells, 'td')));
  return node;
}

function row(texts: readonly string[], kind: 'th' | 'td'): HTMLElement {
  const node = document.createElement('tr');
  node.append(
    ...texts.map((text, index) => {
      const cell = document.createElement(index === 0 ? 'th' : kind);
      cell.textContent = text;
      return cell;
    })
  );
  return node;
}

function span(text: string, className: string): HTMLElement {
  const node = document.createElement('span');
  node.className = className;
  node.textContent = text;
  return node;
}

function line(text: string): HTMLElement {
  const node = document.createElement('pre');
  node.textContent = text;
  return node;
}
