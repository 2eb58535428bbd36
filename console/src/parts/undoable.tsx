import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";

/** Long enough to read it and to reach the button by keyboard. */
const SHOWN_MS = 12_000;

/** Say in a corner that something was done, with a way back. */
export function undoable(id: string, title: string, undo: () => void): void {
  notifications.show({
    id,
    title,
    autoClose: SHOWN_MS,
    message: (
      <Button
        size="compact-sm"
        variant="light"
        mt={4}
        onClick={() => {
          notifications.hide(id);
          undo();
        }}
      >
        Undo
      </Button>
    ),
  });
}
