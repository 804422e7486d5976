"""`Judge`: Bitcoin Core's consensus code (libbitcoinkernel), asked about blocks and transactions.

The library is the wheel py-bitcoinkernel, imported as `pbk`. Its databases are kept in memory and
its block files are thrown away: the journal is the memory (see `journal`), and judging 300 empty
blocks again takes 0.05 s. The library writes no log. It has no clock of ours in its interface, and
refuses blocks of more than two hours in the machine's future; see `_tell_time`.
"""

import ctypes
import shutil
from collections.abc import Sequence
from pathlib import Path

import pbk
from pbk.capi import bindings
from pbk.capi.library import BITCOINKERNEL_LIB
from pbk.script import PrecomputedTransactionData

from clearhouse.chains import block
from clearhouse.chains.embedded.transaction import Output, Parsed

# It buffers its log for a reader who may come; say once in a process that none will.
bindings.btck_logging_disable()

# What a verdict of the library means, in words; its log has more, but is no interface.
REASONS = {
    pbk.BlockValidationResult.CONSENSUS: "a consensus rule is broken",
    pbk.BlockValidationResult.CACHED_INVALID: "it was refused before",
    pbk.BlockValidationResult.INVALID_HEADER: "its proof of work or its time is wrong",
    pbk.BlockValidationResult.MUTATED: "its contents are not what its header commits to",
    pbk.BlockValidationResult.MISSING_PREV: "nothing is known of the block below it",
    pbk.BlockValidationResult.INVALID_PREV: "it builds on a refused block",
    pbk.BlockValidationResult.TIME_FUTURE: "its time is more than two hours ahead",
    pbk.BlockValidationResult.HEADER_LOW_WORK: "its branch has too little work",
}


class Judge:
    """The consensus code over one chain that begins anew.

    Args:
        folder: Its scratch space, emptied now and removed at the end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        options = pbk.ContextOptions()
        parameters = pbk.ChainParameters(pbk.ChainType.REGTEST)
        options.set_chainparams(parameters)
        self._rules = parameters.consensus_params
        self._verdicts: list[tuple[pbk.ValidationMode, pbk.BlockValidationResult]] = []
        options.set_validation_interface(pbk.ValidationInterfaceCallbacks(block_checked=self._note))
        # The callbacks live as long as the context that calls them.
        self._context = pbk.Context(options)
        manager = pbk.ChainstateManagerOptions(self._context, str(folder), str(folder / "blocks"))
        manager.update_block_tree_db_in_memory(True)
        manager.update_chainstate_db_in_memory(True)
        self._manager = pbk.ChainstateManager(manager)

    def _note(self, _data: object, _block: pbk.Block, state: pbk.BlockValidationState) -> None:
        self._verdicts.append((state.validation_mode, state.block_validation_result))

    def close(self) -> None:
        """Free the library's memory and remove its files."""
        del self._manager, self._context, self._rules
        shutil.rmtree(self._folder, ignore_errors=True)

    def height(self) -> int:
        """The height of the best chain, by the library's choice."""
        height: int = self._manager.get_active_chain().height
        return height

    def hash_at(self, height: int) -> str:
        """The hash of the best chain's block at `height`, which must be there."""
        return str(self._manager.get_active_chain().block_tree_entries[height].block_hash)

    def take(self, raw: bytes, at: int) -> str | None:
        """Hand in a block of the time `at`; the best chain may change.

        Returns:
            Why it, or the branch that it completes, is refused; None if nothing is wrong so far
            (of a branch that is not the best only the form is judged).
        """
        _tell_time(at)
        self._verdicts.clear()
        try:
            self._manager.process_block(pbk.Block(raw))
        except pbk.ProcessBlockException:
            assert self._verdicts
        except RuntimeError:
            return "it does not parse"
        for mode, result in self._verdicts:
            if mode is not pbk.ValidationMode.VALID:
                reason: str = REASONS.get(result, result.name)
                return reason
        return None

    def form(self, transaction: Parsed) -> bool:
        """Whether a transaction is in itself as one must be (Core's CheckTransaction).

        Asked of a block that holds it and is not checked for its work: sizes, amounts in range,
        no input twice, no coinbase.
        """
        probe = block.make(block.GENESIS, 1, block.GENESIS_TIME, b"", [transaction.raw])
        state = pbk.Block(probe).check(self._rules, pbk.BlockCheckFlags.BASE)
        return bool(state.validation_mode is pbk.ValidationMode.VALID)

    def unsigned(self, transaction: Parsed, spent: Sequence[Output]) -> int | None:
        """The first input whose script does not allow the spending; None if all do.

        Args:
            transaction: What spends.
            spent: The outputs that it spends, in the order of its inputs.
        """
        outputs = [pbk.TransactionOutput(pbk.ScriptPubkey(out.script), out.units) for out in spent]
        shared = PrecomputedTransactionData(transaction.kernel, outputs)
        for place, output in enumerate(outputs):
            if not output.script_pubkey.verify(
                output.amount,
                transaction.kernel,
                shared,
                place,
                pbk.ScriptVerificationFlags.ALL,
            ):
                return place
        return None


def _tell_time(at: int) -> None:
    """Make a block's time the library's own time, so that a test clock may run ahead.

    The wheel's interface cannot do it, but its library exports what Core's `setmocktime` calls,
    under the name that its compiler gives (Itanium ABI: Linux and macOS). Without it the library
    judges by the machine's clock, and refuses blocks that are more than two hours ahead of it.
    """
    tell = getattr(BITCOINKERNEL_LIB, "_Z11SetMockTimel", None)
    if tell is not None:
        tell.argtypes, tell.restype = [ctypes.c_int64], None
        tell(at)
