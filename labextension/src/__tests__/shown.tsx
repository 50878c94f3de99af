/** The panel on a page, in any state, with actions that are only noted. */

import { render } from '@testing-library/react';
import React from 'react';
import { PanelView } from '../components/panel-view';
import { UNREAD } from '../models/releases';
import type { PanelActions, PanelState, Report, Run, RunView } from '../view';
import { NOTHING_ASKED } from '../view';
import { aReport } from './report';
import { aProject, anAnswer } from './wire';

export function someActions(): jest.Mocked<PanelActions> {
  return {
    chooseTarget: jest.fn(),
    chooseAddress: jest.fn(),
    chooseSuites: jest.fn(),
    allowSecret: jest.fn(),
    askHealth: jest.fn(),
    refresh: jest.fn(),
    start: jest.fn(),
    cancel: jest.fn(),
    continueRun: jest.fn(),
    waive: jest.fn(),
    showRun: jest.fn(),
    showLatest: jest.fn(),
    moreRuns: jest.fn(),
    tag: jest.fn(),
    readChanges: jest.fn(),
    commit: jest.fn(),
    openExecuted: jest.fn(),
    openFile: jest.fn(),
    openTerminal: jest.fn()
  };
}

export function aState(change: Partial<PanelState> = {}): PanelState {
  return {
    notebook: 'digits/model.ipynb',
    project: { kind: 'ready', project: aProject() },
    choice: { target: 'candidate', suites: [], address: '' },
    health: { kind: 'unknown' },
    run: null,
    latest: true,
    starting: false,
    fault: null,
    history: { runs: [], more: false, loading: false, fault: null },
    release: { releases: [], tagging: false, tagged: null, changes: UNREAD, fault: null },
    ...change
  };
}

export function aRunView(change: Partial<RunView> = {}): RunView {
  return {
    runId: 'r1',
    answer: null,
    report: null,
    charts: [],
    cancelling: NOTHING_ASKED,
    continuing: NOTHING_ASKED,
    waiving: NOTHING_ASKED,
    fault: null,
    ...change
  };
}

export function finished(report: Partial<Report> = {}, run: Partial<Run> = {}): RunView {
  return aRunView({
    answer: anAnswer({ state: 'finished', verdict: 'pass', ...run }),
    report: aReport(report)
  });
}

export function show(
  state: Partial<PanelState>,
  actions = someActions()
): jest.Mocked<PanelActions> {
  render(<PanelView state={aState(state)} actions={actions} drawChart={jest.fn()} theme="0" />);
  return actions;
}
