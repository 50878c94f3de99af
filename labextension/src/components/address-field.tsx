import React from 'react';
import { useTrans } from './trans';

interface AddressFieldProps {
  readonly value: string;
  readonly onChange: (address: string) => void;
}

/** Asks where a target is, because the project's file does not say it. */
export function AddressField({ value, onChange }: AddressFieldProps): JSX.Element {
  const trans = useTrans();
  const id = React.useId();
  return (
    <>
      <label htmlFor={id} className="jp-df-label">
        {trans.__('Address')}
      </label>
      <input
        id={id}
        className="jp-df-input"
        type="url"
        autoComplete="off"
        placeholder="http://127.0.0.1:8000"
        value={value}
        onChange={event => onChange(event.target.value)}
      />
    </>
  );
}
