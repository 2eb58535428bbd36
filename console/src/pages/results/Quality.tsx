import { Alert, List, Stack, Text, Title } from "@mantine/core";
import { count, percent } from "@/parts/figures";
import type { Report } from "./Results";

/** Whether the figures can be trusted: group sizes, people who met several experiences, and what else to know. */
export function Quality({ report }: { report: Report }) {
  const ratio = report.sample_ratio;
  const crossed = report.crossed;
  return (
    <Stack gap="xs">
      <Title order={2}>Can it be trusted?</Title>
      {ratio && (
        <Alert
          color={ratio.mismatch || ratio.leak ? "red" : "leaf"}
          variant="light"
          p="xs"
          title={
            ratio.mismatch
              ? "The groups are not as large as they should be"
              : "The groups are as large as they should be"
          }
        >
          <Text size="sm">
            {ratio.mismatch
              ? "Something lets one group in more often than the other. No figure above can be trusted before that is found."
              : "People fell on the experiences as their shares say."}{" "}
            Evidence {ratio.e_value < 1000 ? ratio.e_value.toPrecision(2) : "over 1,000"} to 1 that they do not,
            classical p {ratio.p_value < 0.001 ? "< 0.001" : ratio.p_value.toFixed(3)}.
            {ratio.leaked > 0 && ` ${count(ratio.leaked)} people were in an experience that had no share at that time.`}
          </Text>
        </Alert>
      )}
      <Alert
        color={crossed.alarm ? "rust" : "gray"}
        variant="light"
        p="xs"
        title={`${count(crossed.people)} people (${percent(crossed.share)}) met more than one experience`}
      >
        <Text size="sm">
          They count in their first one: leaving them out would bias.
          {crossed.conflicts > 0 &&
            ` ${count(crossed.conflicts)} of them used two devices before anybody knew that both are theirs.`}
          {crossed.moved > 0 &&
            ` ${count(crossed.moved)} more came into another rule when something about them changed; that is no crossing.`}
        </Text>
      </Alert>
      {(report.notes ?? []).length > 0 && (
        <List size="sm" c="dimmed">
          {report.notes!.map((note) => (
            <List.Item key={note}>{note}</List.Item>
          ))}
        </List>
      )}
    </Stack>
  );
}
