import React from 'react';
import type { Asked, CreateWaiver } from '../view';
import { Button } from './button';
import { FaultNotice } from './notice';
import { useTrans } from './trans';

const TWO_WEEKS = 14 * 24 * 3600 * 1000;

interface WaiverFormProps {
  /** The name of the finding that is waived. */
  readonly finding: string;
  readonly asked: Asked;
  readonly onWaive: (waiver: CreateWaiver) => void;
}

/** Answer for a finding by name, until a day. The verdict stays; the server has the last word. */
export function WaiverForm({ finding, asked, onWaive }: WaiverFormProps): JSX.Element {
  const trans = useTrans();
  const [by, setBy] = React.useState('');
  const [reason, setReason] = React.useState('');
  const [until, setUntil] = React.useState(() => inTwoWeeks(Date.now()));
  const [sent, setSent] = React.useState(false);
  const whole = by.trim() !== '' && reason.trim() !== '' && until !== '';
  return (
    <details className="jp-df-waive">
      <summary>{trans.__('Waive this finding')}</summary>
      <form
        aria-label={trans.__('Waive %1', finding)}
        onSubmit={event => {
          event.preventDefault();
          setSent(true);
          onWaive({ finding, by: by.trim(), reason: reason.trim(), until });
        }}
      >
        <p className="jp-df-detail">
          {trans.__('You answer for it by name. The verdict stays; the tag will say who and why.')}
        </p>
        <Field label={trans.__('Who')} limit={200} value={by} onChange={setBy} />
        <Field label={trans.__('Why')} limit={1000} value={reason} onChange={setReason} />
        <Field
          label={trans.__('Until')}
          note={trans.__('that day (UTC) included')}
          type="date"
          value={until}
          onChange={setUntil}
        />
        <Button
          type="submit"
          look="main"
          label={asked.busy ? trans.__('Waiving\u2026') : trans.__('Waive')}
          disabled={!whole || asked.busy}
        />
        {sent && asked.fault && <FaultNotice fault={asked.fault} />}
      </form>
    </details>
  );
}

interface FieldProps {
  readonly label: string;
  readonly note?: string;
  readonly type?: 'text' | 'date';
  readonly limit?: number;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A labelled input. */
export function Field({
  label,
  note,
  type = 'text',
  limit,
  value,
  onChange
}: FieldProps): JSX.Element {
  const id = React.useId();
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="jp-df-input"
        type={type}
        autoComplete="off"
        aria-describedby={note ? `${id}-note` : undefined}
        maxLength={limit}
        value={value}
        onChange={event => onChange(event.target.value)}
      />
      {note && (
        <span id={`${id}-note`} className="jp-df-detail">
          {note}
        </span>
      )}
    </>
  );
}

function inTwoWeeks(now: number): string {
  return new Date(now + TWO_WEEKS).toISOString().slice(0, 10);
}
