import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import type { ReactNode } from "react";

type Question = { title: string; body: ReactNode; verb: string; danger?: boolean; act: () => void };

/** Ask before something that cannot be undone. */
export function confirm({ title, body, verb, danger, act }: Question): void {
  modals.openConfirmModal({
    title,
    children: (
      <Text size="sm" component="div">
        {body}
      </Text>
    ),
    labels: { confirm: verb, cancel: "Cancel" },
    confirmProps: { color: danger ? "red" : undefined },
    onConfirm: act,
  });
}
