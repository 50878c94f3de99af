import React from 'react';
import type { HistoryView, Run } from '../view';
import { Button } from './button';
import { ago, moment, shortCommit } from './format';
import { MarkView } from './mark';
import { FaultNotice } from './notice';
import { useNow } from './now';
import { useTrans } from './trans';
import { importedMark, stateMark } from './words';

interface HistoryListProps {
  readonly history: HistoryView;
  readonly shown: string | null;
  readonly onShow: (runId: string) => void;
  readonly onMore: () => void;
}

/** All runs of the project; the one on show is marked. */
export function HistoryList({ history, shown, onShow, onMore }: HistoryListProps): JSX.Element {
  const trans = useTrans();
  const now = useNow(30000);
  return (
    <>
      {history.fault && <FaultNotice fault={history.fault} />}
      {history.runs.length === 0 && !history.fault && (
        <p className="jp-df-detail">
          {history.loading ? trans.__('Reading the runs…') : trans.__('No run yet.')}
        </p>
      )}
      <ul className="jp-df-history">
        {history.runs.map(run => (
          <li key={run.run_id}>
            <RunButton run={run} now={now} current={run.run_id === shown} onShow={onShow} />
          </li>
        ))}
      </ul>
      {history.more && (
        <Button
          look="link"
          label={trans.__('Show older runs')}
          disabled={history.loading}
          onClick={onMore}
        />
      )}
    </>
  );
}

interface RunButtonProps {
  readonly run: Run;
  readonly now: number;
  readonly current: boolean;
  readonly onShow: (runId: string) => void;
}

function RunButton({ run, now, current, onShow }: RunButtonProps): JSX.Element {
  const trans = useTrans();
  const mark = run.imported ? importedMark(trans) : stateMark(run.state, run.verdict, trans);
  return (
    <button
      type="button"
      className="jp-df-history-run"
      aria-current={current}
      title={run.message ?? undefined}
      onClick={() => onShow(run.run_id)}
    >
      <MarkView mark={mark} />
      <span className="jp-df-grow jp-df-one-line">{run.imported ?? run.target}</span>
      {run.commit && <code>{shortCommit(run.commit.sha)}</code>}
      <time dateTime={run.created_at} title={moment(run.created_at)}>
        {ago(run.created_at, now, trans)}
      </time>
    </button>
  );
}
