/** A small line without axes: only its shape is to be seen; the label tells the figures. */
export function Spark({ values, label }: { values: number[]; label: string }) {
  const most = Math.max(1, ...values);
  const points = values.map((value, index) => `${(100 * index) / (values.length - 1)},${38 - (34 * value) / most}`);
  return (
    <svg viewBox="0 0 100 40" preserveAspectRatio="none" width="100%" height="100%" role="img" aria-label={label}>
      <polygon points={`0,40 ${points.join(" ")} 100,40`} fill="var(--mantine-primary-color-light)" />
      <polyline
        points={points.join(" ")}
        fill="none"
        stroke="var(--mantine-primary-color-filled)"
        strokeWidth={1.5}
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
