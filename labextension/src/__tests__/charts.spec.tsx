import { render } from '@testing-library/react';
import React from 'react';
import { ChartList } from '../components/chart-list';

const CHARTS = [{ title: 'Latency', spec: {} }];

describe('a chart', () => {
  it('is taken away while its host is still on the page, as Lumino demands', () => {
    const attached: boolean[] = [];
    const draw = (_: unknown, host: HTMLElement): { dispose: () => void; isDisposed: boolean } => ({
      dispose: () => attached.push(host.isConnected),
      isDisposed: false
    });
    const { rerender } = render(<ChartList charts={CHARTS} draw={draw} theme="0" />);
    rerender(<ChartList charts={[]} draw={draw} theme="0" />);

    expect(attached).toEqual([true]);
  });

  it('is drawn anew in another theme', () => {
    const draw = jest.fn(() => ({ dispose: () => undefined, isDisposed: false }));
    const { rerender } = render(<ChartList charts={CHARTS} draw={draw} theme="0" />);
    rerender(<ChartList charts={CHARTS} draw={draw} theme="0" />);
    rerender(<ChartList charts={CHARTS} draw={draw} theme="1" />);

    expect(draw).toHaveBeenCalledTimes(2);
  });
});
