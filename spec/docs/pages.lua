-- The pages of the documentation taken apart: their blocks of code, each with the words of the comment before it.
--
-- A comment `<!-- test: word word=value -->` directly before a block says what the block is for:
--   schema=NAME     (prisma) the schema of the Lua blocks that follow, until the next one
--   cache           (prisma) beside schema: the client of its blocks has a cache
--   use=NAME        (lua) that schema of the page instead
--   seed            (lua) run in front of every later Lua block of that schema
--   program         (lua) a whole program: run by lua5.4 in a folder of its own that holds schema.prisma, with DATABASE_URL set
--   sqlite-only, postgres-only   for one database only
--   wrong           (prisma) not valid: the next block of text shows its diagnostics
--   from=FILE       the block is a part of that file
local pages = {}

function pages.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

local function words_of(comment)
  local words = {}
  for word in comment:gmatch "%S+" do
    local key, value = word:match "^([%w-]+)=(.*)$"
    words[key or word] = value or true
  end
  return words
end

-- The blocks of a page in order: { language, line, text, words }; `line` is that of its first line of code.
function pages.blocks(path)
  local blocks, words, block, number = {}, {}, nil, 0
  for line in (pages.read(path) .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    if block then
      if line == "```" then
        block.text = table.concat(block.lines, "\n") .. "\n"
        blocks[#blocks + 1], block = block, nil
      else
        block.lines[#block.lines + 1] = line
      end
    else
      local comment, language = line:match "^<!%-%- test: (.-) %-%->$", line:match "^```(%w*)$"
      if comment then
        words = words_of(comment)
      elseif language then
        block = { language = language, line = number + 1, lines = {}, words = words }
        words = {}
      elseif line:find "%S" then
        assert(not next(words), ("%s:%d: the comment above belongs to no block"):format(path, number))
      end
    end
  end
  assert(not block, path .. ": a block is never closed")
  return blocks
end

-- What the prints of a Lua block are said to give: by the line of the print, a list of texts. `--> text` stands behind it, and more lines with nothing
-- but `--> text` below it for more that it prints.
function pages.expectations(block)
  local expected, last = {}, nil
  for i, line in ipairs(block.lines) do
    local before, text = line:match "^(.-)%-%-> (.*)$"
    if text then
      if before:find "%S" then last = i end
      assert(last, ("line %d: `-->` stands below no print"):format(block.line + i - 1))
      expected[last] = expected[last] or {}
      table.insert(expected[last], text)
    else
      last = nil
    end
  end
  return expected
end

return pages
