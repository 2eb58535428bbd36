import { Button } from "@mantine/core";
import { IconPlayerPause } from "@tabler/icons-react";
import { useRole } from "@/app/project";
import { confirm } from "@/parts/confirm";
import { usePauseAll } from "./verbs";

/** Pause all that are marked. */
export function BulkPause({ refs, done }: { refs: string[]; done: () => void }) {
  const pause = usePauseAll(done);
  const may = useRole();
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={<IconPlayerPause size={14} />}
      disabled={!may("publisher")}
      loading={pause.isPending}
      onClick={() =>
        confirm({
          title: `Pause ${refs.length} ${refs.length === 1 ? "campaign" : "campaigns"}?`,
          body: "They answer DISABLED until they are started again.",
          verb: "Pause",
          act: () => pause.mutate(refs),
        })
      }
    >
      Pause {refs.length}
    </Button>
  );
}
