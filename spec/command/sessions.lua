-- The recorded sessions of a page: blocks of `console` marked `<!-- test: session -->`, whose lines with `$ ` are run one after the other in one
-- folder; and blocks marked `<!-- test: write=FILE -->`, which are written there between them.
local pages = require "docs.pages"
local support = require "support"

local sessions = {}

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- What differs from run to run: times.
local function normal(text)
  text = text:gsub("%f[%d]%d%d%d%d%d%d%d%d%d%d%d%d%d%d_", "20261122120000_")
  text = text:gsub("%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d+Z", "2026-11-22T12:00:00.000Z")
  text = text:gsub("less than 0%.1 ms", "0.1 ms"):gsub("%d+%.%d ms", "0.1 ms")
  return (text:gsub("SQLite 3[%d.]+", "SQLite 3.40.1"):gsub("PostgreSQL %d[^,]*", "SQLite 3.40.1"))
end
sessions.normal = normal

local function run(folder, command)
  local pipe = io.popen(("cd %s && exec env -u DATABASE_URL bash -c %s 2>&1 </dev/null"):format(quote(folder), quote("exec 2>&1; " .. command)))
  local output = pipe:read "a"
  pipe:close()
  return output
end

-- Runs the sessions of a page; `change(text)` alters commands and files first. A list of { block, shown }: what the page has and what came.
function sessions.replay(path, change)
  local folder, results = support.folder(), {}
  for _, block in ipairs(pages.blocks(path)) do
    if block.words.write then
      support.write(folder .. "/" .. block.words.write, change(block.text))
    elseif block.words.session then
      local shown = {}
      for line in block.text:gmatch "[^\n]+" do
        local command = line:match "^%$ (.*)$"
        if command then
          shown[#shown + 1] = line .. "\n"
          shown[#shown + 1] = run(folder, change(command))
        end
      end
      results[#results + 1] = { block = block, shown = normal(table.concat(shown)) }
    end
  end
  return results
end

-- Writes what came into the page: RILLE_RECORD=1.
function sessions.record(path, results)
  local lines = {}
  for line in pages.read(path):gmatch "(.-)\n" do lines[#lines + 1] = line end
  for i = #results, 1, -1 do
    local block = results[i].block
    for _ = 1, #block.lines do table.remove(lines, block.line) end
    local at = block.line
    for line in results[i].shown:gmatch "(.-)\n" do
      table.insert(lines, at, line)
      at = at + 1
    end
  end
  support.write(path, table.concat(lines, "\n") .. "\n")
end

return sessions
