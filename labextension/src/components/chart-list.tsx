import type { IDisposable } from '@lumino/disposable';
import React from 'react';
import type { Chart } from '../view';

/** Draws a chart into a host element; disposing takes it away again. */
export type DrawChart = (chart: Chart, host: HTMLElement) => IDisposable;

interface ChartListProps {
  readonly charts: readonly Chart[];
  readonly draw: DrawChart;
  /** The theme the charts are drawn for; another one draws them anew. */
  readonly theme: string;
}

export function ChartList({ charts, draw, theme }: ChartListProps): JSX.Element {
  return (
    <>
      {charts.map(chart => (
        <figure key={chart.title} className="jp-df-chart">
          <figcaption>{chart.title}</figcaption>
          <ChartHost chart={chart} draw={draw} theme={theme} />
        </figure>
      ))}
    </>
  );
}

interface ChartHostProps extends Omit<ChartListProps, 'charts'> {
  readonly chart: Chart;
}

function ChartHost({ chart, draw, theme }: ChartHostProps): JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  // before the browser takes the host away: a widget can only be detached while it is attached
  React.useLayoutEffect(() => {
    if (!host.current) {
      return;
    }
    const drawn = draw(chart, host.current);
    return () => drawn.dispose();
  }, [chart, draw, theme]);
  return <div ref={host} role="img" aria-label={chart.title} />;
}
