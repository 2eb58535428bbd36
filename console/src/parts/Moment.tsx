import { Tooltip } from "@mantine/core";
import { useZone } from "@/app/project";

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000_000],
  ["month", 2_592_000_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** How long ago, or how soon, in words: "3 hours ago". */
export function ago(at: number, now = Date.now()): string {
  const apart = at - now;
  for (const [unit, size] of UNITS) {
    if (Math.abs(apart) >= size) return relative.format(Math.round(apart / size), unit);
  }
  return "just now";
}

/** A moment in a time zone: "22 Nov 2026, 14:05". */
export function moment(at: number, zone: string, seconds = false): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: seconds ? "2-digit" : undefined,
  }).format(at);
}

/** A time of day in a time zone, to the second: "14:05:09". */
function clock(at: number, zone: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium" }).format(at);
}

/** The time of day alone of what happened within the last 12 hours, else the whole moment. */
export function Clock({ at }: { at: number }) {
  const zone = useZone();
  const whole = moment(at, zone, true);
  return (
    <Tooltip label={`${whole} · ${zone}`}>
      <time dateTime={new Date(at).toISOString()} style={{ whiteSpace: "nowrap" }}>
        {Date.now() - at < 43_200_000 ? clock(at, zone) : whole}
      </time>
    </Tooltip>
  );
}

type Props = { at: number; exact?: boolean; seconds?: boolean };

/** A moment in the project's zone; by default how long ago, with the exact one on hover. */
export function Moment({ at, exact, seconds }: Props) {
  const zone = useZone();
  const whole = moment(at, zone, seconds);
  return (
    <Tooltip label={exact ? `${ago(at)} · ${zone}` : `${whole} · ${zone}`}>
      <time dateTime={new Date(at).toISOString()} style={{ whiteSpace: "nowrap" }}>
        {exact ? whole : ago(at)}
      </time>
    </Tooltip>
  );
}
