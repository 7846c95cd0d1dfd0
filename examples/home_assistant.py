"""A home assistant of five own functions. Tools are plain functions; what they change is your own state."""

from dataclasses import dataclass, field

from agentkit import Agent, ModelSettings


@dataclass
class Home:
    on: set[str] = field(default_factory=set)
    degrees: dict[str, float] = field(default_factory=dict)
    playing: str | None = None
    timers: list[int] = field(default_factory=list)

    def turn_on(self, device: str) -> str:
        """Turn on a device.

        Args:
            device: The device to turn on.
        """
        self.on.add(device)
        return f"The {device} is on."

    def turn_off(self, device: str) -> str:
        """Turn off a device.

        Args:
            device: The device to turn off.
        """
        self.on.discard(device)
        return f"The {device} is off."

    def set_temperature(self, room: str, degrees: float) -> str:
        """Set the temperature of a room.

        Args:
            room: The name of the room.
            degrees: The temperature in degrees.
        """
        self.degrees[room] = degrees
        return f"The {room} is set to {degrees} degrees."

    def play_music(self, title: str) -> str:
        """Play a song.

        Args:
            title: The title of the song.
        """
        self.playing = title
        return "playing"

    def start_timer(self, minutes: int) -> str:
        """Start a timer.

        Args:
            minutes: How many minutes.
        """
        self.timers.append(minutes)
        return f"The timer runs for {minutes} minutes."


REQUESTS = (
    "Turn on the heater",
    "Turn on the lamp",
    "Start a timer for 12 minutes",
    "Start a timer for 20 minutes",
)


def main() -> Home:
    home = Home()
    tools = [home.turn_on, home.turn_off, home.set_temperature, home.play_music, home.start_timer]
    agent = Agent("bundled", tools=tools, model_settings=ModelSettings(seed=0))
    for request in REQUESTS:
        result = agent.run_sync(request)
        calls = ", ".join(f"{call.call.name}{call.call.arguments}" for call in result.tool_calls)
        print(f"{request:<32} {calls:<60} {result.output}")
    print(home)
    return home


if __name__ == "__main__":
    main()
