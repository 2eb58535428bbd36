import { Code } from "@mantine/core";

/** JSON as it is sent, for reading. */
export function Whole({ value }: { value: unknown }) {
  return (
    <Code block fz="xs" tabIndex={0} style={{ maxHeight: 420, overflow: "auto" }}>
      {JSON.stringify(value, null, 2)}
    </Code>
  );
}
