"""The dashboard: pages on which members find people and understand them (D-01 to D-07).

How a page is added, with `people_list.py` as the example:

1. A module `web/<name>.py` with handlers made by `page` (reads) and `act` (changes) of
   `web.routes`. Both say the least `Role` that may come in; a handler takes `visit: Visit`,
   which knows the member, the environment, the time zone and the parts of the server.
2. Templates in `web/templates/<name>/`; a page extends `frame.html` and is given by
   `visit.page("<name>/page.html", …)`. Components are in `ui.html`, in every template as `ui`;
   charts are laid out by `web.charts` and drawn by `charts.html`, in every template as `charts`.
3. Its handlers into `_PAGES` of `web/app.py`, its link into `LINKS` of `web/frame.py`.
4. Tests of what it refuses in `tests/web/test_<name>.py`, of what people see and do in
   `tests/browser/test_<name>.py`.

An act runs a service through `visit.do(…, says)` in the name of `visit.source` (`member:7`): what
`says` gives, a `Note(Act.…)`, is kept in the audit log in the same transaction. It ends with
`visit.back(…)`: a redirect that says what became of it. What cannot be taken back asks once:
`ui.confirm`. All text is escaped; what came from users is shown by `shown`, which isolates its
direction and makes invisible characters visible. No script and no style is in the mark-up.
"""
