import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { ChangesView, Project } from '../view';
import { Button } from './button';
import { Command } from './command';
import { FaultNotice, Notice } from './notice';
import { PersonFields, asksWho } from './person-fields';
import { useTrans } from './trans';
import { Field } from './waiver-form';

const MOST_NAMED = 5;

interface ChangedFilesProps {
  readonly project: Project;
  readonly changes: ChangesView;
  readonly onRead: () => void;
  readonly onCommit: (message: string, by: string) => void;
}

/** What prevents a tag, told before a run: files that differ from the commit, that git does not see, a git that refuses. */
export function ChangedFiles(props: ChangedFilesProps): JSX.Element | null {
  const { commit, no_commit: noCommit } = props.project;
  const trans = useTrans();
  if (!commit) {
    return noCommit ? (
      <Notice tone="warn" title={trans.__('A run now cannot be tagged')}>
        <p>{noCommit}</p>
      </Notice>
    ) : null;
  }
  const hidden = Object.entries(commit.hidden);
  return (
    <>
      {hidden.length > 0 && (
        <Notice
          tone="warn"
          title={trans.__(
            'git was told not to look at %1: a run now cannot be tagged',
            named(Object.keys(commit.hidden), trans)
          )}
        >
          {hidden.map(([file, command]) => (
            <Command key={file} text={command} />
          ))}
        </Notice>
      )}
      {commit.dirty.length > 0 && <Differing {...props} files={commit.dirty} />}
    </>
  );
}

function Differing({
  files,
  changes,
  onRead,
  onCommit
}: ChangedFilesProps & { readonly files: readonly string[] }): JSX.Element {
  const trans = useTrans();
  const [shown, setShown] = React.useState<'diff' | 'commit' | null>(null);
  const choose = (what: 'diff' | 'commit'): void => {
    setShown(shown === what && changes.files ? null : what);
    onRead();
  };
  return (
    <div className="jp-df-release">
      <Notice
        tone="warn"
        title={trans._n(
          '%2 differs from the commit: a run now cannot be tagged',
          '%2 differ from the commit: a run now cannot be tagged',
          files.length,
          named(files, trans)
        )}
      />
      <div className="jp-df-row">
        <Button label={trans.__('Diff')} onClick={() => choose('diff')} />
        <Button label={trans.__('Commit')} onClick={() => choose('commit')} />
      </div>
      {shown === 'diff' && changes.files && (
        <div className="jp-df-diff">
          {Object.entries(changes.files).map(([file, diff]) => (
            <pre key={file} tabIndex={0} aria-label={file}>
              {diff}
            </pre>
          ))}
        </div>
      )}
      {shown === 'commit' && changes.files && <CommitForm changes={changes} onCommit={onCommit} />}
      {changes.asked.fault && <FaultNotice fault={changes.asked.fault} />}
    </div>
  );
}

function CommitForm({
  changes,
  onCommit
}: Pick<ChangedFilesProps, 'changes' | 'onCommit'>): JSX.Element {
  const trans = useTrans();
  const [message, setMessage] = React.useState('');
  const [by, setBy] = React.useState('');
  const { busy, fault } = changes.asked;
  return (
    <form
      className="jp-df-release"
      aria-label={trans.__('Commit')}
      onSubmit={event => {
        event.preventDefault();
        onCommit(message.trim(), by);
      }}
    >
      <p className="jp-df-detail">
        {trans.__('Commits exactly %1.', Object.keys(changes.files ?? {}).join(', '))}
      </p>
      <Field label={trans.__('Message')} limit={5000} value={message} onChange={setMessage} />
      {asksWho(fault, by) && <PersonFields onChange={setBy} />}
      <Button
        type="submit"
        look="main"
        label={busy ? trans.__('Committing\u2026') : trans.__('Commit these files')}
        disabled={busy || message.trim() === ''}
      />
    </form>
  );
}

function named(files: readonly string[], trans: TranslationBundle): string {
  const shown = files.slice(0, MOST_NAMED).join(', ');
  const more = files.length - MOST_NAMED;
  return more > 0 ? trans.__('%1 and %2 more', shown, more) : shown;
}
