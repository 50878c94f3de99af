import type { ICell, INotebookContent, IOutput } from '@jupyterlab/nbformat';
import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

/**
 * The same notebook with each text of its outputs in one piece.
 *
 * A file holds them as lists of lines. Jupyter Server joins them for notebooks that it opens; an artifact comes as it is.
 */
export function joinLines(content: INotebookContent): INotebookContent {
  return { ...content, cells: content.cells.map(joinCell) };
}

function joinCell(cell: ICell): ICell {
  const outputs = cell['outputs'];
  return Array.isArray(outputs)
    ? { ...cell, outputs: (outputs as IOutput[]).map(joinOutput) }
    : cell;
}

function joinOutput(output: IOutput): IOutput {
  const { text, data } = output;
  return {
    ...output,
    ...(text === undefined ? {} : { text: joined(text) }),
    ...(isBundle(data) ? { data: joinBundle(data) } : {})
  };
}

function joinBundle(bundle: PartialJSONObject): PartialJSONObject {
  const isJson = (mime: string) => /(^application\/json$)|\+json$/.test(mime);
  return Object.fromEntries(
    Object.entries(bundle).map(([mime, value]) => [mime, isJson(mime) ? value : joined(value)])
  );
}

function joined(text: PartialJSONValue | undefined): PartialJSONValue | undefined {
  return Array.isArray(text) ? text.join('') : text;
}

function isBundle(data: PartialJSONValue | undefined): data is PartialJSONObject {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}
