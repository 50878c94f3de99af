import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { PartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';
import { VEGA_LITE } from '../tokens';
import type { Chart } from '../view';

/** Draw a chart with Lab's own Vega, in the colours of the theme of the moment. */
export function drawChart(
  rendermime: IRenderMimeRegistry,
  chart: Chart,
  host: HTMLElement
): IDisposable {
  const renderer = rendermime.createRenderer(VEGA_LITE);
  const spec = {
    ...chart.spec,
    background: 'transparent',
    config: merge(chart.spec, themeOf(host))
  };
  const model = rendermime.createModel({
    data: { [VEGA_LITE]: spec as PartialJSONObject },
    metadata: { [VEGA_LITE]: { embed_options: { actions: false, renderer: 'svg' } } }
  });
  Widget.attach(renderer, host);
  renderer.renderModel(model).catch((reason: unknown) => {
    host.textContent = String(reason);
  });
  return renderer;
}

function themeOf(host: HTMLElement): PartialJSONObject {
  const style = getComputedStyle(host);
  const color = (name: string): string => style.getPropertyValue(`--jp-${name}`).trim();
  const text = color('ui-font-color1');
  const faint = color('ui-font-color2');
  const line = color('border-color2');
  const font = style.fontFamily;
  return {
    font,
    axis: {
      labelColor: faint,
      titleColor: faint,
      domainColor: line,
      tickColor: line,
      gridColor: line
    },
    legend: { labelColor: faint, titleColor: faint },
    header: { labelColor: faint, titleColor: faint },
    title: { color: text, subtitleColor: faint },
    view: { stroke: null },
    text: { color: text }
  };
}

/** The chart's own settings, with the theme's colours in their place, two levels deep as Vega has them. */
function merge(spec: Chart['spec'], theme: PartialJSONObject): PartialJSONObject {
  const own = (spec as PartialJSONObject).config;
  if (!isObject(own)) {
    return theme;
  }
  const both = Object.entries(theme).map(([key, value]) => {
    const before = own[key];
    return [key, isObject(value) && isObject(before) ? { ...before, ...value } : value];
  });
  return { ...own, ...(Object.fromEntries(both) as PartialJSONObject) };
}

function isObject(value: unknown): value is PartialJSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
