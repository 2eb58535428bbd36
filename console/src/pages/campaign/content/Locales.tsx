import { ActionIcon, Button, Chip, Group, Popover, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconLanguage, IconX } from "@tabler/icons-react";
import { useState } from "react";
import type { Experience } from "../draft";

type Props = {
  experience: Experience;
  /** the language whose content is edited; null = the default */
  locale: string | null;
  choose: (locale: string | null) => void;
  write: (experience: Experience) => void;
  locked: boolean;
};

const LANGUAGE = /^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$/;

/** Content of its own for some languages; visitors of all others see the default. */
export function Locales({ experience, locale, choose, write, locked }: Props) {
  const [opened, { open, close }] = useDisclosure();
  const [name, setName] = useState("");
  const locales = Object.keys(experience.locales ?? {}).sort();
  const made = name.trim().replaceAll("_", "-");
  const valid = LANGUAGE.test(made);
  function add() {
    // Content that is there already is opened, not written over.
    if (!locales.includes(made))
      write({ ...experience, locales: { ...experience.locales, [made]: structuredClone(experience.content ?? {}) } });
    choose(made);
    setName("");
    close();
  }
  function remove(one: string) {
    const { [one]: _, ...rest } = experience.locales ?? {};
    write({ ...experience, locales: rest });
    choose(null);
  }
  return (
    <Group gap={6}>
      {locales.length > 0 && (
        <Chip.Group value={locale ?? ""} onChange={(made) => choose(String(made) || null)}>
          <Chip value="" size="xs">
            Default
          </Chip>
          {locales.map((one) => (
            <Group key={one} gap={0} wrap="nowrap">
              <Chip value={one} size="xs">
                {one}
              </Chip>
              {!locked && locale === one && (
                <ActionIcon
                  size="xs"
                  variant="subtle"
                  color="gray"
                  aria-label={`Delete the content for ${one}`}
                  onClick={() => remove(one)}
                >
                  <IconX size={12} />
                </ActionIcon>
              )}
            </Group>
          ))}
        </Chip.Group>
      )}
      {!locked && (
        <Popover opened={opened} onChange={(on) => !on && close()} trapFocus withinPortal>
          <Popover.Target>
            <Button
              size="compact-xs"
              variant="subtle"
              color="gray"
              leftSection={<IconLanguage size={14} />}
              onClick={open}
            >
              Language
            </Button>
          </Popover.Target>
          <Popover.Dropdown>
            <Group
              component="form"
              align="flex-start"
              gap="xs"
              onSubmit={(event) => {
                event.preventDefault();
                event.stopPropagation();
                if (valid) add();
              }}
            >
              <TextInput
                label="Language"
                size="xs"
                placeholder="de or de-AT"
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                error={made && !valid && "Two or three letters, with a region behind a dash"}
                w={180}
              />
              <Button size="xs" mt={24} type="submit" disabled={!valid}>
                Add
              </Button>
            </Group>
          </Popover.Dropdown>
        </Popover>
      )}
    </Group>
  );
}
