import { Alert, Button, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { Snippet } from "@/parts/Copy";
import { Empty } from "@/parts/Empty";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { Doors } from "./Doors";
import { KeyTable } from "./KeyTable";
import { keysOf } from "./keysOf";
import { NewKey } from "./NewKey";

/** API keys and the protocols that they open. */
export function Keys() {
  const project = useProject();
  const may = useRole();
  const found = useQuery({ ...keysOf(project), enabled: may("admin") });
  const [making, { open, close }] = useDisclosure();
  const [made, setMade] = useState<Schemas["NewKey"] | null>(null);
  return (
    <Page
      title="Keys and doors"
      about="A backend calls with a key. Each client may hold two at a time, so that one can be replaced without a pause."
      actions={
        may("admin") && (
          <Button leftSection={<IconPlus size={16} />} onClick={open}>
            New key
          </Button>
        )
      }
    >
      {made && <Secret made={made} done={() => setMade(null)} />}
      {!may("admin") ? (
        <Text size="sm">Only admins of the project see its keys and make new ones.</Text>
      ) : (
        <Loaded query={found}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty
                icon={<IconKey size={26} />}
                title="No key yet"
                action={<Button onClick={open}>Create the first key</Button>}
              >
                Give each program its own key with the least that it needs: a backend decides and records, a dashboard
                reads.
              </Empty>
            ) : (
              <KeyTable keys={items} made={setMade} />
            )
          }
        </Loaded>
      )}
      <Doors />
      <Modal opened={making} onClose={close} title="New key" size="md">
        <NewKey
          done={(key) => {
            close();
            setMade(key);
          }}
        />
      </Modal>
    </Page>
  );
}

function Secret({ made, done }: { made: Schemas["NewKey"]; done: () => void }) {
  return (
    <Alert color="leaf" variant="light" title={`The secret of ${made.client}`} withCloseButton onClose={done}>
      <Text size="sm" mb="xs">
        It is shown this once and kept nowhere in readable form. Put it where your program finds it.
      </Text>
      <Snippet text={made.secret} label="Copy the secret" />
      <Button component={Link} to={`/p/${useProject()}/connect`} variant="subtle" size="xs" mt="xs">
        Connect your backend with it
      </Button>
    </Alert>
  );
}
