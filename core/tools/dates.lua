-- Rejects fixed dates next to the clock: an example that creates a row of a fixed day and counts the rows of the last seven days is right for a week.
--
--   lua5.4 core/tools/dates.lua [FILE...]     without files: the specs, docs and examples
--
-- It checks together: a Lua test with what runs before it (setup, before_each, and the names that its file gives to dates), a block of a page with the
-- page's seeds, and any other Lua file as one unit.
local CLOCK = { "rille%.ago%f[%W]", "rille%.now%f[%W]", "os%.time%(%)" }
local DATE = "%f[%d][12]%d%d%d%-%d%d%-%d%d%f[%D]"

local wrong = 0

local function refuse(path, number, clock)
  wrong = wrong + 1
    print(("%s:%d: a fixed date next to `%s`: its distance from now changes each day; use `rille.ago` for both, or dates for both"):format(path, number, clock))
end

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

local function clock_in(line)
  for _, pattern in ipairs(CLOCK) do
    local found = line:match(pattern)
    if found then return found end
  end
end

-- Returns the numbers of the lines that have a date, or a name of one, and the clock function that the lines call.
local function look(lines, first, last, names)
  local dates, clock = {}, nil
  for i = first, last do
    local line = lines[i]
    local dated = line:find(DATE)
    for name in line:gmatch "[%a_][%w_]*" do dated = dated or names[name] end
    if dated then dates[#dates + 1] = i end
    clock = clock or clock_in(line)
  end
  return dates, clock
end

-- A part is { first, last, shared }: the lines of a test or a block. Shared parts belong to every other part.
local function check_parts(path, lines, parts, names)
  local shared = {}
  for _, part in ipairs(parts) do
    part.dates, part.clock = look(lines, part.first, part.last, names)
    if part.shared then shared[#shared + 1] = part end
  end
    local reported = {}
  local function report(dates, clock)
    for _, number in ipairs(dates) do
      if clock and not reported[number] then refuse(path, number, clock) end
      reported[number] = reported[number] or clock
    end
  end
  for _, part in ipairs(parts) do
        report(part.dates, part.clock)
    for _, other in ipairs(shared) do
            report(part.dates, other.clock)
      report(other.dates, part.clock)
    end
  end
end

local function page_parts(lines)
  local parts, comment, part = {}, "", nil
  for i, line in ipairs(lines) do
    if part then
      if line:find "^```" then part = nil else part.last = i end
    elseif line:find "^```lua" then
      part = { first = i + 1, last = i, shared = comment:find "%f[%w]seed%f[%W]" ~= nil }
      parts[#parts + 1] = part
    elseif line:find "%S" then
      comment = line:match "^<!%-%- test: (.-) %-%->$" or ""
    end
  end
  return parts
end

-- Tests and setups end at the next `end` with the indentation of their first line.
local function spec_parts(lines)
  local parts, names, part, inside = {}, {}, nil, false
  for i, line in ipairs(lines) do
    local indent, word = line:match "^(%s*)([%a_]+)%f[%W]"
    if not inside and (word == "it" or word == "setup" or word == "before_each" or word == "lazy_setup") and line:find "function%(" then
      part = { first = i, last = i, shared = word ~= "it", indent = indent }
      parts[#parts + 1] = part
      inside = not line:find "end%)%s*$"
    elseif inside then
      part.last = i
      inside = not line:find("^" .. part.indent .. "end%f[%W]")
    elseif line:find(DATE) then
      local name = line:match "^%s*local%s+([%a_][%w_]*)%s*=" or line:match "^%s*local%s+function%s+([%a_][%w_]*)"
      if name then names[name] = true end
    end
  end
  return parts, names
end

local function check(path)
  local lines = lines_of(path)
  if path:find "%.md$" then
    check_parts(path, lines, page_parts(lines), {})
  elseif path:find "_spec%.lua$" then
    check_parts(path, lines, spec_parts(lines))
  else
    check_parts(path, lines, { { first = 1, last = #lines } }, {})
  end
end

local files = { ... }
if #files == 0 then
  local pipe = assert(io.popen "find README.md docs spec examples -name '*.md' -o -name '*.lua' | LC_ALL=C sort")
  for path in pipe:lines() do files[#files + 1] = path end
  assert(pipe:close())
end
assert(#files > 0, "no files to check")
for _, path in ipairs(files) do check(path) end
if wrong > 0 then os.exit(1) end
print(("dates: %d files, no fixed date next to the clock"):format(#files))
