import { AffinityRow } from "./AffinityRow";
import { AudienceRow } from "./AudienceRow";
import { EventRow } from "./EventRow";
import type { PastProps } from "./past";
import { ValueField } from "./ValueField";

/** What is asked of other audiences and of the past. */
export function PastRow(props: PastProps) {
  const { past, onChange, disabled } = props;
  if (past.kind === "audience") return <AudienceRow {...props} />;
  if (typeof past.value !== "object" || past.value === null || Array.isArray(past.value))
    return (
      <ValueField op="json" value={past.value} disabled={disabled} onChange={(value) => onChange({ ...past, value })} />
    );
  return past.kind === "event" ? <EventRow {...props} /> : <AffinityRow {...props} />;
}
