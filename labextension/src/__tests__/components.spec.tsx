import { cleanup, fireEvent, screen } from '@testing-library/react';
import type { Report } from '../view';
import { aRunView, show } from './shown';
import { aProject, aReport, anAnswer } from './wire';

describe('without a usable project the panel says what to do', () => {
  it('shows how to begin', () => {
    const actions = show({ project: { kind: 'absent' } });
    fireEvent.click(screen.getByRole('button', { name: 'Open a terminal here' }));

    expect(screen.getByText(/jupyter deployfeedback init/)).toBeTruthy();
    expect(actions.openTerminal).toHaveBeenCalled();
  });

  it('shows every problem of the project file with its line', () => {
    const problems = [
      {
        file: 'deployfeedback.yaml',
        line: 7,
        key: 'targets.a.url',
        problem: 'is no URL.',
        remedy: 'Write http://.'
      }
    ];
    const actions = show({ project: { kind: 'broken', problems, fault: null } });
    fireEvent.click(screen.getByRole('button', { name: 'Open deployfeedback.yaml' }));

    expect(screen.getByText('deployfeedback.yaml:7 targets.a.url')).toBeTruthy();
    expect(screen.getByText('is no URL.')).toBeTruthy();
    expect(screen.getByText('Write http://.')).toBeTruthy();
    expect(actions.openFile).toHaveBeenCalledWith('deployfeedback.yaml');
  });

  it('shows the remedy of an error and asks again', () => {
    const fault = {
      code: 'x',
      message: 'No extension.',
      remedy: 'Install it.',
      findings: [],
      problems: []
    };
    const actions = show({ project: { kind: 'failed', fault } });
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));

    expect(screen.getByRole('alert').textContent).toContain('No extension.Install it.');
    expect(actions.refresh).toHaveBeenCalled();
  });
});

describe('the target', () => {
  it('is chosen and run', () => {
    const actions = show({});
    fireEvent.change(screen.getByLabelText('Target'), { target: { value: 'released' } });
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));

    expect(actions.chooseTarget).toHaveBeenCalledWith('released');
    expect(actions.start).toHaveBeenCalledTimes(1);
  });

  it('asks for an address only where the project file has none', () => {
    const known = aProject();
    const project = { ...known, targets: known.targets.map(each => ({ ...each, url: null })) };
    const choice = { target: 'candidate', suites: [], address: '' };
    const actions = show({ project: { kind: 'ready', project }, choice });
    fireEvent.change(screen.getByLabelText('Address'), { target: { value: 'http://h' } });

    expect(actions.chooseAddress).toHaveBeenCalledWith('http://h');
    expect(screen.getByText('candidate \u2014 address not known')).toBeTruthy();

    cleanup();
    show({});
    expect(screen.queryByLabelText('Address')).toBeNull();
  });

  it('cannot be run while a run is at work', () => {
    show({ run: aRunView({ answer: anAnswer() }) });

    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Run' }).disabled).toBe(true);
  });

  it('says what is wrong with it', () => {
    const facts = {
      target: 'candidate',
      url: 'http://x',
      ready: false,
      namespace: null,
      model_version: null,
      server_version: null,
      software: {},
      problem: 'connection refused'
    };
    show({ health: { kind: 'known', health: { facts, platform_source: 'scrape' } } });

    expect(screen.getByText('Not ready')).toBeTruthy();
    expect(screen.getByText('connection refused')).toBeTruthy();
  });

  it('is run with some of its suites only', () => {
    const actions = show({});
    fireEvent.click(screen.getByLabelText(/^smoke/));

    expect(actions.chooseSuites).toHaveBeenCalledWith(['quality']);
  });
});

describe('a run at work', () => {
  const suites = [
    {
      name: 'smoke',
      outcome: 'passed' as const,
      cases_finished: 2,
      cases_total: 2,
      case_title: null,
      done: null,
      total: null
    },
    {
      name: 'quality',
      outcome: null,
      cases_finished: 1,
      cases_total: 4,
      case_title: 'send it to both',
      done: 50,
      total: 100
    }
  ];

  it('shows how far each suite is', () => {
    show({ run: aRunView({ answer: anAnswer({}, { suites }) }) });
    const bar = screen.getByRole<HTMLProgressElement>('progressbar', {
      name: 'Progress of quality'
    });

    expect(bar.value).toBeCloseTo((1 + 0.5) / 4);
    expect(screen.getByText('send it to both')).toBeTruthy();
    expect(screen.getByText('50 of 100 examples')).toBeTruthy();
    expect(screen.getByText('2 of 2 cases')).toBeTruthy();
  });

  it('tells a screen reader when a suite ends, not every request', () => {
    show({ run: aRunView({ answer: anAnswer({}, { suites }) }) });

    expect(
      screen.getByText('Running the suites: 1 of 2 suites done').getAttribute('aria-live')
    ).toBe('polite');
  });

  it('is cancelled, and says so until it has ended', () => {
    const actions = show({ run: aRunView({ answer: anAnswer() }) });
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    show({ run: aRunView({ answer: anAnswer(), cancelling: true }) });

    expect(actions.cancel).toHaveBeenCalled();
    expect(
      screen.getByRole<HTMLButtonElement>('button', { name: 'Cancelling\u2026' }).disabled
    ).toBe(true);
  });

  it.each([
    { state: 'lost' as const, title: 'This run was lost' },
    { state: 'cancelled' as const, title: 'This run was cancelled' }
  ])('that is $state says why and can be run again', ({ state, title }) => {
    const actions = show({
      run: aRunView({ answer: anAnswer({ state, message: 'The server stopped.' }) })
    });
    fireEvent.click(screen.getByRole('button', { name: 'Run again' }));

    expect(screen.getByText(title)).toBeTruthy();
    expect(screen.getByText('The server stopped.')).toBeTruthy();
    expect(actions.start).toHaveBeenCalled();
  });
});

describe('an error while rendering', () => {
  it('is shown instead of an empty panel', () => {
    const silence = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const broken = { ...aReport(), findings: undefined } as unknown as Report;
    show({ run: aRunView({ answer: anAnswer({ state: 'finished' }), report: broken }) });

    expect(screen.getByText('The panel could not show this')).toBeTruthy();
    silence.mockRestore();
  });
});
