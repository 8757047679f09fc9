"""Pictures as files, from a script and without a server: PNG drawn directly, HTML that needs nothing from
outside.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from viz import keys, raster
from viz.escape import esc, html, joined
from viz.reading import Unseen
from viz.scenes import Lines, Scene

if TYPE_CHECKING:
    import holoviews as hv

_WIDE = (960, 640)  # pixels of several panels on a page of their own
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>{resources}
<style>
body {{ margin: 2rem auto; max-width: 1100px; padding: 0 1.5rem; color: #1c2330; background: #fff;
        font: 16px/1.5 ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }}
h1 {{ font-size: 1.35rem; margin: 0 0 1rem; }} p {{ color: #58606e; max-width: 48rem; }}
{keys}
</style></head><body>{head}{plot}{foot}</body></html>
"""


def save(picture: hv.Element | Scene, path: str | Path) -> Path:
    """Write a picture as `.png` or as a self-contained `.html`, whichever the name says.

    A PNG shows what the view drew; an element that was changed afterwards with `.opts` is drawn by
    HoloViews' own
    matplotlib backend if that is installed.

    >>> save(draw(dataset, "loss"), "loss.png")  # doctest: +SKIP
    """
    file = target(path)
    if file.suffix.lower() == ".html":
        file.write_text(page(picture), encoding="utf-8")
    else:
        scene = picture if isinstance(picture, Scene) else drawn_scene(picture)
        if scene is not None:
            raster.save_png(scene, file)
        else:
            _by_matplotlib(picture, file)
    return file


def target(path: str | Path) -> Path:
    """Where a picture goes; refused before anything is drawn if it cannot go there."""
    file = Path(path)
    if file.suffix.lower() not in (".png", ".html"):
        raise Unseen(f"-o {str(path)!r}: a picture is a .png or .html; name it {file.stem or 'picture'}.png")
    if not file.parent.is_dir():
        raise Unseen(f"-o {str(path)!r}: there is no folder {str(file.parent)!r}; make it first")
    return file


def drawn_scene(element: Any) -> Scene | None:
    """The scene behind an element, as long as nobody has changed the element since."""
    scene = getattr(element, "scene", None)
    return scene if scene is not None and element.id == getattr(element, "scene_id", object()) else None


def page(picture: hv.Element | Scene) -> str:
    """A picture as one HTML page that works offline: heading, plot with hover and zoom, caption."""
    from bokeh.embed import components  # noqa: PLC0415 - a second to import, and only pages need it
    from bokeh.resources import Resources  # noqa: PLC0415

    from viz import elements  # noqa: PLC0415

    wide = isinstance(picture, Lines) and len(picture.panels) > 1
    frame = _WIDE if wide else elements.FRAME
    element = elements.element(picture, frame=frame) if isinstance(picture, Scene) else picture
    scene = getattr(element, "scene", None)
    figure = elements.figure(element)
    if hasattr(figure, "toolbar"):
        figure.toolbar.logo = None
    if hasattr(figure, "title"):
        figure.title.text = ""  # the heading of the page says it, with room to wrap
    script, division = components(figure)
    title = scene.title if scene is not None else "Separatrix"
    return _PAGE.format(
        title=esc(title),
        resources=_inline(Resources(mode="inline", components=["bokeh"]).js_raw),
        head=html("h1", title),
        plot=division + script,
        foot=joined(html("p", scene.caption), keys.explained(scene)) if scene is not None else "",
        keys=keys.CSS,
    )


def _inline(scripts: list[str]) -> str:
    """Bokeh's own code in the page; the files that Panel adds by address are left out, plots need none of
    them.
    """
    return "".join(f"<script>{code}</script>" for code in scripts)


def _by_matplotlib(element: Any, target: Path) -> None:
    try:
        import matplotlib as mpl  # noqa: F401, PLC0415 - not among the dependencies
    except ModuleNotFoundError:
        raise Unseen(
            f"{target.name}: this element is not as a view drew it, and other PNGs need matplotlib; "
            "install matplotlib, or save as .html"
        ) from None
    import holoviews as hv  # noqa: PLC0415
    import holoviews.plotting.mpl  # noqa: PLC0415 - registers the backend

    hv.save(element, target, backend="matplotlib")
