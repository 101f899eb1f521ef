--- The result of `explain`: that of the core, with the names of the indexes in use, and readable as text.

---@class rille.ExplainedStatement
---@field sql string
---@field params integer number of parameters
---@field dependent boolean some parameters come from rows of earlier statements; the plan is for other values of the same types
---@field plan string[] the lines of EXPLAIN (PostgreSQL) or EXPLAIN QUERY PLAN (SQLite)
---@field indexes string[] the indexes in the plan, by name

---@class rille.Explanation
---@field statements rille.ExplainedStatement[]
---@field steps string[] the plan of rille
---@field touches string[] the tables that it reads, and those that it writes, also by referential actions
---@field round_trips integer if every step finds rows

-- Each captures the name of an index. PostgreSQL quotes names that are not lower case.
local PATTERNS = {
  'Index Scan [%a ]-using "([^"]+)"', "Index Scan [%a ]-using ([%w_$]+)",
  'Index Only Scan [%a ]-using "([^"]+)"', "Index Only Scan [%a ]-using ([%w_$]+)",
  'Bitmap Index Scan on "([^"]+)"', "Bitmap Index Scan on ([%w_$]+)",
  "USING INDEX (.-) %(", "USING INDEX ([^(]+)$", "USING COVERING INDEX (.-) %(", "USING COVERING INDEX ([^(]+)$",
}

local function indexes_of(plan)
  local names, seen = {}, {}
  local function add(name)
    if seen[name] then return end
    seen[name] = true
    names[#names + 1] = name
  end
  for _, line in ipairs(plan) do
    for _, pattern in ipairs(PATTERNS) do
      local name = line:match(pattern)
      if name then add(name) end
    end
    for name in (line:match "Conflict Arbiter Indexes: (.+)" or ""):gmatch "[^,%s]+" do add(name) end
  end
  return names
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

local metatable = { __name = "rille.Explanation" }

function metatable.__tostring(self)
  local lines = {}
  local function add(format, ...) lines[#lines + 1] = format:format(...) end
  for i, statement in ipairs(self.statements) do
    add("%d. %s", i, statement.sql)
    for _, line in ipairs(statement.plan) do add("     %s", line) end
    if #statement.indexes > 0 then add("   indexes: %s", table.concat(statement.indexes, ", ")) end
  end
  local count = #self.statements
  add("%d statement%s, %d round trip%s", count, count == 1 and "" or "s", self.round_trips, self.round_trips == 1 and "" or "s")
  return table.concat(lines, "\n")
end

---@param result table of core.explain
---@return rille.Explanation
return function(result)
  for _, statement in ipairs(result.statements) do
    for i, row in ipairs(statement.plan) do statement.plan[i] = row.line end
    statement.indexes = indexes_of(statement.plan)
  end
  result.steps, result.touches = lines_of(result.steps), lines_of(result.touches)
  return setmetatable(result, metatable)
end
