--- LuaCATS annotations as text: classes with fields, aliases.
local writer = {}
writer.__index = writer

local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch "%a+" do
  KEYWORDS[word] = true
end

--- Returns a new, empty text.
function writer.new() return setmetatable({ lines = {}, seen = {}, same = {}, parts = {} }, writer) end

function writer:line(text) self.lines[#self.lines + 1] = text end

--- Begins a part of the text; nil: the part that is common to all.
---@param name string|nil
function writer:begin_part(name)
  self.common = self.common or self.lines
  self.lines = self.common
  if name then
    self.lines = {}
    self.parts[#self.parts + 1] = { name = name, lines = self.lines }
  end
end

-- Writes a comment, one line per line. Empty lines are left out.
local function comment(self, doc)
  for text in ((doc or "") .. "\n"):gmatch "([^\n]*)\n" do
    if text:find "%S" then self:line("---" .. text:gsub("^%s+", ""):gsub("^@", "\\@")) end
  end
end

local function field_line(name, type, optional, doc)
  local key, words
  if name == "[integer]" then -- elements of a list
    key = name
  elseif KEYWORDS[name] or not name:find "^[%a_][%w_]*$" then
    key, words = ("[%q]"):format(name), optional and "nil" or nil -- a key in brackets cannot have `?`
    if words then type = type .. "|nil" end
  else
    key = optional and name .. "?" or name
  end
  local text = doc and doc:gsub("%s*\n%s*", " "):match "^%s*(.-)%s*$"
  return ("---@field %s %s%s"):format(key, type, text and text ~= "" and " # " .. text or "")
end

--- Writes a class. fields: a list of { name, type, optional, doc }.
---@param name string
---@param fields table[]
---@param options? { parent?: string, doc?: string, open?: boolean, shared?: boolean, overload?: string } open: allows other fields; shared: an
---   existing class with the same fields is used instead; overload: its type as a function
---@return string name of the class with the fields
function writer:class(name, fields, options)
  options = options or {}
  if self.seen[name] then return name end
  self.seen[name] = true
  if options.shared then
    local words = {}
    for i, f in ipairs(fields) do words[i] = field_line(f[1], f[2], f[3], f[4]) end
    local body = table.concat(words, "\n")
    if self.same[body] then return self.same[body] end
    self.same[body] = name
  end
  self:line ""
  comment(self, options.doc)
  self:line(("---@class %s%s%s"):format(options.open and "" or "(exact) ", name, options.parent and ": " .. options.parent or ""))
  if options.overload then self:line("---@overload " .. options.overload) end
  for _, f in ipairs(fields) do self:line(field_line(f[1], f[2], f[3], f[4])) end
  return name
end

function writer:alias(name, type, doc)
  if self.seen[name] then return name end
  self.seen[name] = true
  self:line ""
  comment(self, doc)
  self:line(("---@alias %s %s"):format(name, type))
  return name
end

--- Returns the whole text.
function writer:text()
  local texts = {}
  for i, part in ipairs(self.parts) do texts[i] = table.concat(part.lines, "\n") end
  return table.concat(self.common or self.lines, "\n") .. "\n" .. table.concat(texts, "\n") .. (#texts > 0 and "\n" or "")
end

--- Returns the common part and the other parts.
---@return string
---@return { name: string, text: string }[]
function writer:pieces()
  local list = {}
  for i, part in ipairs(self.parts) do list[i] = { name = part.name, text = table.concat(part.lines, "\n") .. "\n" } end
  return table.concat(self.common or self.lines, "\n") .. "\n", list
end

return writer
